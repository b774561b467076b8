"""boto3's client makes every call that the emulator knows: each once and well, and each
of the errors that AWS documents and a client can provoke. CALLS lists all that must be
made; a call that nobody here makes fails the judge."""
import datetime
import json
import os
import sys
import urllib.parse

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, DEV, PROD, REGION = os.environ["ENDPOINT"], os.environ["DEV"], os.environ["PROD"], "eu-west-1"
TOKENS = json.loads(os.environ["TOKENS"])
ISSUER, AUDIENCE, SUBJECT = os.environ["ISSUER"], os.environ["AUDIENCE"], os.environ["SUBJECT"]
made, wrong = set(), []


def client(service, key="DEV_KEY", region=REGION, secret=None, token=None):
    return boto3.client(
        service, endpoint_url=ENDPOINT, region_name=region, aws_access_key_id=os.environ.get(key, key),
        aws_secret_access_key=secret or os.environ["SECRET"], aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, parameter_validation=False))


def ok(c, method, **kw):
    name = c.meta.service_model.signing_name + ":" + c.meta.method_to_api_mapping[method]
    try:
        out = getattr(c, method)(**kw)
    except ClientError as err:
        wrong.append(f"{name}{kw}: {err}")
        return {}
    made.add(name)
    print("called", name)
    return out


def no(c, method, code, **kw):
    name = c.meta.service_model.signing_name + ":" + c.meta.method_to_api_mapping[method]
    try:
        getattr(c, method)(**kw)
        wrong.append(f"{name}{kw}: no error, want {code}")
    except ClientError as err:
        if err.response["Error"]["Code"] != code:
            wrong.append(f"{name}{kw}: {err}, want {code}")


def same(what, got, want):
    if got != want:
        wrong.append(f"{what}: got {got!r}, want {want!r}")


def policy(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def trust(**more):
    return policy(Action="sts:AssumeRoleWithWebIdentity", Principal={"Federated": f"arn:aws:iam::{DEV}:oidc-provider/{ISSUER}"},
                  Condition={"StringEquals": {ISSUER + ":aud": AUDIENCE, ISSUER + ":sub": SUBJECT}}, **more)


READ = policy(Action="s3:GetObject", Resource="arn:aws:s3:::shop-site/*")
iam = client("iam")


def providers():
    no(iam, "create_open_id_connect_provider", "InvalidInput", Url="http://" + ISSUER)
    no(iam, "create_open_id_connect_provider", "LimitExceeded", Url="https://x.example", ClientIDList=[f"c{i}" for i in range(101)])
    no(iam, "create_open_id_connect_provider", "InvalidInput", Url="https://x.example", Tags=[{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}])
    arn = ok(iam, "create_open_id_connect_provider", Url="https://" + ISSUER, ClientIDList=[AUDIENCE], Tags=[{"Key": "a", "Value": "b"}])["OpenIDConnectProviderArn"]
    no(iam, "create_open_id_connect_provider", "EntityAlreadyExists", Url="https://" + ISSUER)
    ok(iam, "add_client_id_to_open_id_connect_provider", OpenIDConnectProviderArn=arn, ClientID="other")
    ok(iam, "remove_client_id_from_open_id_connect_provider", OpenIDConnectProviderArn=arn, ClientID="other")
    ok(iam, "update_open_id_connect_provider_thumbprint", OpenIDConnectProviderArn=arn, ThumbprintList=["a" * 40])
    no(iam, "update_open_id_connect_provider_thumbprint", "ValidationError", OpenIDConnectProviderArn=arn, ThumbprintList=["short"])
    ok(iam, "tag_open_id_connect_provider", OpenIDConnectProviderArn=arn, Tags=[{"Key": "owner", "Value": "web"}])
    no(iam, "tag_open_id_connect_provider", "LimitExceeded", OpenIDConnectProviderArn=arn, Tags=[{"Key": f"k{i}", "Value": ""} for i in range(49)])
    ok(iam, "untag_open_id_connect_provider", OpenIDConnectProviderArn=arn, TagKeys=["a"])
    same("provider tags", ok(iam, "list_open_id_connect_provider_tags", OpenIDConnectProviderArn=arn)["Tags"], [{"Key": "owner", "Value": "web"}])
    got = ok(iam, "get_open_id_connect_provider", OpenIDConnectProviderArn=arn)
    same("provider", (got["Url"], got["ClientIDList"], got["ThumbprintList"]), (ISSUER, [AUDIENCE], ["a" * 40]))
    same("providers", [p["Arn"] for p in ok(iam, "list_open_id_connect_providers")["OpenIDConnectProviderList"]], [arn])
    missing = f"arn:aws:iam::{DEV}:oidc-provider/none.example"
    for method, kw in (("get_open_id_connect_provider", {}), ("delete_open_id_connect_provider", {}), ("list_open_id_connect_provider_tags", {}),
                       ("add_client_id_to_open_id_connect_provider", {"ClientID": "x"}), ("remove_client_id_from_open_id_connect_provider", {"ClientID": "x"}),
                       ("update_open_id_connect_provider_thumbprint", {"ThumbprintList": []}), ("tag_open_id_connect_provider", {"Tags": []}),
                       ("untag_open_id_connect_provider", {"TagKeys": ["a"]})):
        no(iam, method, "NoSuchEntity", OpenIDConnectProviderArn=missing, **kw)
    no(iam, "get_open_id_connect_provider", "InvalidInput", OpenIDConnectProviderArn="arn:aws:iam::1:nonsense/x")
    return arn


def roles():
    for code, change in (
            ("ValidationError", {"RoleName": "a" * 65}), ("ValidationError", {"RoleName": "bad name"}), ("ValidationError", {"Path": "nope"}),
            ("ValidationError", {"MaxSessionDuration": 60}), ("ValidationError", {"Description": "x" * 1001}),
            ("MalformedPolicyDocument", {"AssumeRolePolicyDocument": "{"}), ("MalformedPolicyDocument", {"AssumeRolePolicyDocument": trust(Resource="*")}),
            ("LimitExceeded", {"AssumeRolePolicyDocument": trust(Sid="x" * 2048)}), ("InvalidInput", {"Tags": [{"Key": "a", "Value": ""}] * 2}),
            ("NoSuchEntity", {"PermissionsBoundary": f"arn:aws:iam::{DEV}:policy/none"})):
        no(iam, "create_role", code, **{"RoleName": "x", "AssumeRolePolicyDocument": trust(), **change})
    bound = f"arn:aws:iam::{DEV}:policy/ado-federation/boundary"
    made_role = ok(iam, "create_role", RoleName="Shop", Path="/ado-federation/", AssumeRolePolicyDocument=trust(), Description="d", MaxSessionDuration=7200,
                   PermissionsBoundary=bound, Tags=[{"Key": "a", "Value": "b"}])["Role"]
    no(iam, "create_role", "EntityAlreadyExists", RoleName="SHOP", AssumeRolePolicyDocument=trust())
    ok(iam, "update_role", RoleName="Shop", Description="two", MaxSessionDuration=3600)
    ok(iam, "update_role_description", RoleName="Shop", Description="three")
    ok(iam, "update_assume_role_policy", RoleName="Shop", PolicyDocument=trust(Sid="One"))
    no(iam, "update_assume_role_policy", "MalformedPolicyDocument", RoleName="Shop", PolicyDocument=READ)
    ok(iam, "delete_role_permissions_boundary", RoleName="Shop")
    ok(iam, "put_role_permissions_boundary", RoleName="Shop", PermissionsBoundary=bound)
    no(iam, "put_role_permissions_boundary", "ValidationError", RoleName="Shop", PermissionsBoundary=f"arn:aws:iam::{DEV}:role/x-no-policy")
    ok(iam, "tag_role", RoleName="Shop", Tags=[{"Key": "c", "Value": "d"}])
    ok(iam, "untag_role", RoleName="Shop", TagKeys=["a"])
    same("tags", ok(iam, "list_role_tags", RoleName="Shop")["Tags"], [{"Key": "c", "Value": "d"}])
    ok(iam, "list_instance_profiles_for_role", RoleName="Shop")
    got = ok(iam, "get_role", RoleName="shop")["Role"]
    same("role", (got["RoleId"], got["Description"], got["MaxSessionDuration"], got["PermissionsBoundary"]["PermissionsBoundaryArn"]), (made_role["RoleId"], "three", 3600, bound))
    same("trust", got["AssumeRolePolicyDocument"]["Statement"][0]["Sid"], "One")
    ok(iam, "put_role_policy", RoleName="Shop", PolicyName="p", PolicyDocument=READ)
    no(iam, "put_role_policy", "MalformedPolicyDocument", RoleName="Shop", PolicyName="p", PolicyDocument=policy(Action="GetObject", Resource="*"))
    no(iam, "put_role_policy", "LimitExceeded", RoleName="Shop", PolicyName="q", PolicyDocument=policy(Action="s3:GetObject", Resource="arn:aws:s3:::" + "x" * 10240))
    same("inline", ok(iam, "get_role_policy", RoleName="Shop", PolicyName="p")["PolicyDocument"], json.loads(READ))
    same("inline names", ok(iam, "list_role_policies", RoleName="Shop")["PolicyNames"], ["p"])
    for method, kw in (("get_role", {}), ("delete_role", {}), ("update_role", {}), ("update_role_description", {"Description": ""}), ("list_role_tags", {}),
                       ("update_assume_role_policy", {"PolicyDocument": trust()}), ("put_role_permissions_boundary", {"PermissionsBoundary": bound}),
                       ("delete_role_permissions_boundary", {}), ("tag_role", {"Tags": []}), ("untag_role", {"TagKeys": ["a"]}), ("list_role_policies", {}),
                       ("put_role_policy", {"PolicyName": "p", "PolicyDocument": READ}), ("get_role_policy", {"PolicyName": "p"}),
                       ("delete_role_policy", {"PolicyName": "p"}), ("attach_role_policy", {"PolicyArn": bound}), ("detach_role_policy", {"PolicyArn": bound}),
                       ("list_attached_role_policies", {}), ("list_instance_profiles_for_role", {})):
        no(iam, method, "NoSuchEntity", RoleName="nobody", **kw)
    no(iam, "get_role_policy", "NoSuchEntity", RoleName="Shop", PolicyName="none")
    no(iam, "delete_role_policy", "NoSuchEntity", RoleName="Shop", PolicyName="none")


def policies():
    no(iam, "create_policy", "LimitExceeded", PolicyName="big", PolicyDocument=policy(Action="s3:GetObject", Resource="arn:aws:s3:::" + "x" * 6144))
    no(iam, "create_policy", "MalformedPolicyDocument", PolicyName="x", PolicyDocument=policy(Action="s3:GetObject"))
    arn = ok(iam, "create_policy", PolicyName="Read", Path="/shop/", PolicyDocument=READ, Description="d", Tags=[{"Key": "a", "Value": "b"}])["Policy"]["Arn"]
    no(iam, "create_policy", "EntityAlreadyExists", PolicyName="READ", PolicyDocument=READ)
    ok(iam, "tag_policy", PolicyArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    ok(iam, "untag_policy", PolicyArn=arn, TagKeys=["a"])
    same("policy tags", ok(iam, "list_policy_tags", PolicyArn=arn)["Tags"], [{"Key": "c", "Value": "d"}])
    same("version", ok(iam, "create_policy_version", PolicyArn=arn, PolicyDocument=READ, SetAsDefault=True)["PolicyVersion"]["VersionId"], "v2")
    ok(iam, "set_default_policy_version", PolicyArn=arn, VersionId="v1")
    no(iam, "delete_policy_version", "DeleteConflict", PolicyArn=arn, VersionId="v1")
    no(iam, "delete_policy", "DeleteConflict", PolicyArn=arn)
    ok(iam, "delete_policy_version", PolicyArn=arn, VersionId="v2")
    no(iam, "get_policy_version", "NoSuchEntity", PolicyArn=arn, VersionId="v2")
    same("document", ok(iam, "get_policy_version", PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"], json.loads(READ))
    same("versions", [v["VersionId"] for v in ok(iam, "list_policy_versions", PolicyArn=arn)["Versions"]], ["v1"])
    for i in range(3, 7):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=READ)
    no(iam, "create_policy_version", "LimitExceeded", PolicyArn=arn, PolicyDocument=READ)
    for i in range(3, 7):
        iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{i}")
    ok(iam, "attach_role_policy", RoleName="Shop", PolicyArn=arn)
    no(iam, "attach_role_policy", "NoSuchEntity", RoleName="Shop", PolicyArn=arn + "x")
    same("attached", ok(iam, "list_attached_role_policies", RoleName="Shop")["AttachedPolicies"], [{"PolicyName": "Read", "PolicyArn": arn}])
    same("entities", [r["RoleName"] for r in ok(iam, "list_entities_for_policy", PolicyArn=arn)["PolicyRoles"]], ["Shop"])
    same("count", ok(iam, "get_policy", PolicyArn=arn)["Policy"]["AttachmentCount"], 1)
    same("policies", [p["PolicyName"] for p in ok(iam, "list_policies", Scope="Local", PathPrefix="/shop/")["Policies"]], ["Read"])
    no(iam, "list_policies", "ValidationError", Scope="Mine")
    no(iam, "delete_policy", "DeleteConflict", PolicyArn=arn)
    no(iam, "delete_role", "DeleteConflict", RoleName="Shop")
    for method in ("get_policy", "list_policy_versions", "list_entities_for_policy", "delete_policy", "list_policy_tags"):
        no(iam, method, "NoSuchEntity", PolicyArn=arn + "x")
    return arn


def account():
    same("alias", ok(iam, "list_account_aliases")["AccountAliases"], ["shop-dev"])
    same("quota", ok(iam, "get_account_summary")["SummaryMap"]["AssumeRolePolicySizeQuota"], 2048)
    pages = [p for p in iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 1})]
    ok(iam, "get_account_authorization_details", Filter=["Role"])
    same("details", sorted(r["RoleName"] for p in pages for r in p["RoleDetailList"]), ["Shop", "deployer", "fedbot-writer"])
    same("one a page", max(len(p["RoleDetailList"]) + len(p["Policies"]) + len(p["UserDetailList"]) for p in pages), 1)
    no(iam, "get_account_authorization_details", "ValidationError", Filter=["Robot"])
    ok(iam, "list_roles", MaxItems=1)
    no(iam, "list_roles", "ValidationError", Marker="nonsense")
    no(iam, "list_roles", "ValidationError", MaxItems=1001)
    same("user", ok(iam, "get_user")["User"]["UserName"], "administrator")
    no(iam, "get_user", "NoSuchEntity", UserName="nobody")
    ok(iam, "list_users")
    arn = f"arn:aws:iam::{DEV}:role/ado-federation/Shop"
    job = ok(iam, "generate_service_last_accessed_details", Arn=arn, Granularity="ACTION_LEVEL")["JobId"]
    no(iam, "generate_service_last_accessed_details", "NoSuchEntity", Arn=arn + "x")
    no(iam, "generate_service_last_accessed_details", "InvalidInput", Arn="arn:aws:s3:::shop-site-bucket")
    same("job", iam.get_service_last_accessed_details(JobId=job)["JobStatus"], "IN_PROGRESS")
    same("service", ok(iam, "get_service_last_accessed_details", JobId=job)["ServicesLastAccessed"][0]["ServiceNamespace"], "s3")
    ok(iam, "get_service_last_accessed_details_with_entities", JobId=job, ServiceNamespace="s3")
    no(iam, "get_service_last_accessed_details", "NoSuchEntity", JobId="0" * 36)


def sign_in():
    sts = client("sts")
    same("identity", ok(sts, "get_caller_identity")["Arn"], f"arn:aws:iam::{DEV}:user/administrator")
    no(client("sts", "AKIANOBODY0000000000"), "get_caller_identity", "InvalidClientTokenId")
    no(client("sts", secret="wrong"), "get_caller_identity", "SignatureDoesNotMatch")
    host, writer = client("sts", "HOST_KEY"), f"arn:aws:iam::{DEV}:role/fedbot/fedbot-writer"
    ok(host, "assume_role", RoleArn=writer, RoleSessionName="s-1", ExternalId="secret-id")
    for code, change in (("AccessDenied", {"ExternalId": "other"}), ("AccessDenied", {"RoleArn": writer + "x"}), ("ValidationError", {"RoleSessionName": "s s"}),
                         ("ValidationError", {"DurationSeconds": 60}), ("ValidationError", {"DurationSeconds": 43200}), ("MalformedPolicyDocument", {"Policy": "{"})):
        no(host, "assume_role", code, **{"RoleArn": writer, "RoleSessionName": "s-1", "ExternalId": "secret-id", **change})
    role = f"arn:aws:iam::{DEV}:role/ado-federation/Shop"
    got = ok(sts, "assume_role_with_web_identity", RoleArn=role, RoleSessionName="run", WebIdentityToken=TOKENS["good"])
    same("subject", (got["SubjectFromWebIdentityToken"], got["Audience"]), (SUBJECT, AUDIENCE))
    for code, token in (("AccessDenied", "sibling"), ("InvalidIdentityToken", "audience"), ("ExpiredTokenException", "expired"),
                        ("InvalidIdentityToken", "unsigned"), ("InvalidIdentityToken", "stranger"), ("InvalidIdentityToken", "garbage")):
        no(sts, "assume_role_with_web_identity", code, RoleArn=role, RoleSessionName="run", WebIdentityToken=TOKENS[token])
    no(sts, "assume_role_with_web_identity", "AccessDenied", RoleArn=role + "x", RoleSessionName="run", WebIdentityToken=TOKENS["good"])
    keys = got["Credentials"]
    web = dict(key=keys["AccessKeyId"], secret=keys["SecretAccessKey"], token=keys["SessionToken"])
    same("role session", client("sts", **web).get_caller_identity()["Arn"], f"arn:aws:sts::{DEV}:assumed-role/Shop/run")
    no(client("iam", **web), "list_roles", "AccessDenied")
    no(client("cloudtrail", **web), "lookup_events", "AccessDeniedException")
    same("last used", "LastUsedDate" in iam.get_role(RoleName="Shop")["Role"]["RoleLastUsed"], True)


def trail():
    events = client("cloudtrail", region="us-east-1")
    seen = ok(events, "lookup_events", LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "AssumeRoleWithWebIdentity"}])["Events"]
    codes = [json.loads(e["CloudTrailEvent"]).get("errorCode") for e in seen]
    same("sign-ins", (codes.count("AccessDenied"), codes.count(None)), (2, 1))
    deleted = [e for p in events.get_paginator("lookup_events").paginate(StartTime=datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=10)) for e in p["Events"]]
    same("a page holds fifty", len(deleted) > 50, True)
    no(events, "lookup_events", "InvalidNextTokenException", NextToken="x")
    no(events, "lookup_events", "InvalidMaxResultsException", MaxResults=51)
    no(events, "lookup_events", "InvalidLookupAttributesException", LookupAttributes=[{"AttributeKey": "Colour", "AttributeValue": "x"}])
    no(events, "lookup_events", "InvalidTimeRangeException", StartTime=datetime.datetime(2026, 2, 1), EndTime=datetime.datetime(2026, 1, 1))


def organization():
    o, member = client("organizations", "PROD_KEY", "us-east-1"), client("organizations", region="us-east-1")
    ok(member, "describe_organization")
    no(member, "list_accounts", "AccessDeniedException")
    root = ok(o, "list_roots")["Roots"][0]["Id"]
    same("accounts", len(ok(o, "list_accounts")["Accounts"]), 3)
    same("name", ok(o, "describe_account", AccountId=DEV)["Account"]["Name"], "shop-dev")
    above = ok(o, "list_parents", ChildId=DEV)["Parents"][0]["Id"]
    same("unit", ok(o, "describe_organizational_unit", OrganizationalUnitId=above)["OrganizationalUnit"]["Name"], "Development")
    same("in it", [a["Id"] for a in ok(o, "list_accounts_for_parent", ParentId=above)["Accounts"]], [DEV])
    ok(o, "list_organizational_units_for_parent", ParentId=root)
    ok(o, "list_children", ParentId=root, ChildType="ACCOUNT")
    same("account tags", ok(o, "list_tags_for_resource", ResourceId=DEV)["Tags"], [{"Key": "owner", "Value": "team web"}])
    no(o, "describe_account", "AccountNotFoundException", AccountId="0" * 12)
    no(o, "describe_account", "InvalidInputException", AccountId="shop")
    no(o, "list_parents", "ChildNotFoundException", ChildId="0" * 12)
    no(o, "list_accounts_for_parent", "ParentNotFoundException", ParentId="ou-a1b2-nowhere11")
    no(o, "list_organizational_units_for_parent", "ParentNotFoundException", ParentId="ou-a1b2-nowhere11")
    no(o, "describe_organizational_unit", "OrganizationalUnitNotFoundException", OrganizationalUnitId="ou-a1b2-nowhere11")
    no(o, "list_children", "InvalidInputException", ParentId=root, ChildType="ROBOT")
    no(o, "list_tags_for_resource", "TargetNotFoundException", ResourceId="0" * 12)


def reads():
    ssm, secrets = client("ssm"), client("secretsmanager")
    same("parameter", ok(ssm, "get_parameter", Name="/shop/web/token", WithDecryption=True)["Parameter"]["Value"], "s3cret")
    same("invalid", ok(ssm, "get_parameters", Names=["/shop/web/title", "none"])["InvalidParameters"], ["none"])
    same("path", len(ok(ssm, "get_parameters_by_path", Path="/shop", Recursive=True)["Parameters"]), 4)
    no(ssm, "get_parameter", "ParameterNotFound", Name="none")
    no(ssm, "get_parameter", "ParameterVersionNotFound", Name="/shop/web/title:9")
    no(ssm, "get_parameters_by_path", "ValidationException", Path="shop")
    same("secret", ok(secrets, "get_secret_value", SecretId="shop/database")["SecretString"], "now")
    same("binary", secrets.get_secret_value(SecretId="shop/key")["SecretBinary"], b"\0\1\2")
    ok(secrets, "describe_secret", SecretId="shop/database")
    no(secrets, "get_secret_value", "ResourceNotFoundException", SecretId="none")
    no(secrets, "get_secret_value", "InvalidRequestException", SecretId="shop/gone")


def data():
    s3, functions, tables = client("s3"), client("lambda"), client("dynamodb")
    same("buckets", [b["Name"] for b in ok(s3, "list_buckets")["Buckets"]], ["shop-site"])
    same("region", ok(s3, "get_bucket_location", Bucket="shop-site")["LocationConstraint"], REGION)
    ok(s3, "head_bucket", Bucket="shop-site")
    ok(s3, "put_object", Bucket="shop-site", Key="web/a b+c.txt", Body=b"x")
    ok(s3, "head_object", Bucket="shop-site", Key="web/a b+c.txt")
    same("object", ok(s3, "get_object", Bucket="shop-site", Key="web/a b+c.txt")["Body"].read(), b"x")
    same("keys", [o["Key"] for o in ok(s3, "list_objects_v2", Bucket="shop-site")["Contents"]], ["web/a b+c.txt", "web/index.html"])
    ok(s3, "delete_object", Bucket="shop-site", Key="web/a b+c.txt")
    no(s3, "get_object", "NoSuchKey", Bucket="shop-site", Key="none")
    no(s3, "get_object", "NoSuchBucket", Bucket="nobody", Key="none")
    no(s3, "get_object", "AccessDenied", Bucket="shop-prod-site", Key="x")
    ok(functions, "list_functions")
    ok(functions, "get_function", FunctionName="checkout")
    ok(functions, "get_function_configuration", FunctionName="checkout")
    ok(functions, "update_function_code", FunctionName="checkout", ZipFile=b"v2")
    no(functions, "get_function", "ResourceNotFoundException", FunctionName="none")
    key = {"id": {"S": "7"}}
    same("tables", ok(tables, "list_tables")["TableNames"], ["orders"])
    ok(tables, "describe_table", TableName="orders")
    ok(tables, "put_item", TableName="orders", Item=key)
    same("item", ok(tables, "get_item", TableName="orders", Key=key)["Item"], key)
    ok(tables, "query", TableName="orders", KeyConditionExpression="id = :i", ExpressionAttributeValues={":i": key["id"]})
    ok(tables, "scan", TableName="orders")
    ok(tables, "delete_item", TableName="orders", Key=key)
    no(tables, "put_item", "ValidationException", TableName="orders", Item={"n": {"N": "1"}})
    ok(tables, "delete_table", TableName="orders")
    no(tables, "describe_table", "ResourceNotFoundException", TableName="orders")


def end(provider, arn):
    ok(iam, "detach_role_policy", RoleName="Shop", PolicyArn=arn)
    no(iam, "detach_role_policy", "NoSuchEntity", RoleName="Shop", PolicyArn=arn)
    ok(iam, "delete_role_policy", RoleName="Shop", PolicyName="p")
    ok(iam, "delete_policy", PolicyArn=arn)
    ok(iam, "delete_role", RoleName="Shop")
    ok(iam, "delete_open_id_connect_provider", OpenIDConnectProviderArn=provider)
    no(iam, "create_group", "InvalidAction", GroupName="g")


provider = providers()
roles()
arn = policies()
account()
sign_in()
trail()
organization()
reads()
data()
end(provider, arn)
wrong += [f"{name}: never called" for name in sorted(set(os.environ["CALLS"].split()) - made)]
print("\n".join(wrong))
sys.exit(bool(wrong))
