"""The same calls go to moto and to the emulator, and the answers are compared field by
field: ids, times and markers are made alike first, and of errors the code and the status
count, since AWS documents no texts. Every difference is written to DIFFERENCES; the test
holds them against its list."""
import base64
import datetime
import json
import os
import re
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

DEV, REGION = os.environ["DEV"], "eu-west-1"
PLACES = {"moto": os.environ["MOTO"], "ours": os.environ["ENDPOINT"]}
clients, found, steps = {}, [], set()


def client(place, service):
    if (place, service) not in clients:
        clients[place, service] = boto3.client(
            service, endpoint_url=PLACES[place], region_name="us-east-1" if service == "organizations" else REGION,
            aws_access_key_id=os.environ["DEV_KEY"], aws_secret_access_key=os.environ["SECRET"],
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, parameter_validation=False))
    return clients[place, service]


def alike(value, key=""):
    """Makes what differs by chance the same."""
    if isinstance(value, dict):
        return {k: alike(v, k) for k, v in sorted(value.items()) if k not in ("RequestId", "HTTPHeaders", "RetryAttempts", "HostId", "MaxAttemptsReached")}
    if isinstance(value, (list, tuple)):
        return sorted((alike(v) for v in value), key=lambda v: v.get("Arn", "") if isinstance(v, dict) else "")  # AWS promises no order
    if isinstance(value, datetime.datetime):
        return "<time>"
    if hasattr(value, "read"):
        return alike(value.read())
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if key == "PolicyId" and not value.startswith("ANPA"):
        return "<A...>"
    if key in ("Marker", "NextToken", "SecretAccessKey", "SessionToken", "VersionId") and isinstance(value, str) and len(value) > 3:
        return f"<{key}>"
    if isinstance(value, str):
        return re.sub(r"\b(AROA|AIDA|ANPA|ASIA|AKIA)[A-Z0-9]{12,17}|(?<=secret:shop/database-)\w{6}", lambda m: f"<{m[1] or 'suffix'}>", value)
    return value


def call(place, service, method, kw):
    try:
        return alike(getattr(client(place, service), method)(**kw))
    except ClientError as err:
        return {"error": f"{err.response['Error']['Code']} {err.response['ResponseMetadata']['HTTPStatusCode']}"}
    except ResponseParserError:
        return {"error": "a page of HTML"}


def differences(moto, ours, at=""):
    if isinstance(moto, dict) and isinstance(ours, dict):
        for k in sorted(set(moto) | set(ours)):
            yield from differences(moto.get(k, "absent"), ours.get(k, "absent"), f"{at}.{k}" if at else k)
    elif isinstance(moto, list) and isinstance(ours, list) and len(moto) == len(ours):
        for i, (a, b) in enumerate(zip(moto, ours)):
            yield from differences(a, b, f"{at}[{i}]")
    elif moto != ours:
        yield at, moto, ours


def short(value):
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def step(name, service, method, **kw):
    """Makes one call of both. Where one refuses, that alone is the difference."""
    assert name not in steps, name
    steps.add(name)
    moto, ours = (call(place, service, method, kw) for place in ("moto", "ours"))
    if "error" in moto or "error" in ours:
        if moto.get("error") != ours.get("error"):
            found.append({"call": name, "at": "", "theirs": moto.get("error", "accepted"), "ours": ours.get("error", "accepted")})
    else:
        for at, a, b in differences(moto, ours):
            found.append({"call": name, "at": at, "theirs": short(a), "ours": short(b)})
    print("called", service + ":" + client("ours", service).meta.method_to_api_mapping[method])


def both(service, method, **kw):
    """Sets up or clears away, whatever either says."""
    for place in PLACES:
        call(place, service, method, kw)


def policy(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


ISSUER = os.environ["ISSUER"]
PROVIDER = f"arn:aws:iam::{DEV}:oidc-provider/{ISSUER}"
READ = policy(Action="s3:GetObject", Resource="arn:aws:s3:::shop-site/*")


def trust(**more):
    return policy(**{"Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": PROVIDER},
                     "Condition": {"StringEquals": {ISSUER + ":aud": "api://AzureADTokenExchange", ISSUER + ":sub": "sc://a/b/c+d"}}, **more})


def providers():
    step("create a provider", "iam", "create_open_id_connect_provider", Url="https://" + ISSUER, ClientIDList=["a"], ThumbprintList=["a" * 40], Tags=[{"Key": "k", "Value": "v"}])
    step("create it again", "iam", "create_open_id_connect_provider", Url="https://" + ISSUER, ClientIDList=["a"], ThumbprintList=["a" * 40])
    step("get it", "iam", "get_open_id_connect_provider", OpenIDConnectProviderArn=PROVIDER)
    step("list providers", "iam", "list_open_id_connect_providers")
    step("add a client", "iam", "add_client_id_to_open_id_connect_provider", OpenIDConnectProviderArn=PROVIDER, ClientID="b")
    step("remove a client", "iam", "remove_client_id_from_open_id_connect_provider", OpenIDConnectProviderArn=PROVIDER, ClientID="b")
    step("change thumbprints", "iam", "update_open_id_connect_provider_thumbprint", OpenIDConnectProviderArn=PROVIDER, ThumbprintList=["b" * 40])
    step("tag a provider", "iam", "tag_open_id_connect_provider", OpenIDConnectProviderArn=PROVIDER, Tags=[{"Key": "k2", "Value": "v2"}])
    step("tags of a provider", "iam", "list_open_id_connect_provider_tags", OpenIDConnectProviderArn=PROVIDER)
    step("untag a provider", "iam", "untag_open_id_connect_provider", OpenIDConnectProviderArn=PROVIDER, TagKeys=["k2"])
    missing = PROVIDER + "-none"
    step("get a missing provider", "iam", "get_open_id_connect_provider", OpenIDConnectProviderArn=missing)
    step("delete a missing provider", "iam", "delete_open_id_connect_provider", OpenIDConnectProviderArn=missing)
    step("101 clients", "iam", "create_open_id_connect_provider", Url="https://x.example", ClientIDList=[f"c{i}" for i in range(101)])
    step("an http provider", "iam", "create_open_id_connect_provider", Url="http://y.example", ClientIDList=["a"])
    step("a provider with a port", "iam", "create_open_id_connect_provider", Url="https://z.example:8443", ClientIDList=["a"])
    for host in ("y.example", "z.example:8443"):
        both("iam", "delete_open_id_connect_provider", OpenIDConnectProviderArn=f"arn:aws:iam::{DEV}:oidc-provider/{host}")


def roles():
    bound = f"arn:aws:iam::{DEV}:policy/ado-federation/boundary"
    call("moto", "iam", "create_policy", {"PolicyName": "boundary", "Path": "/ado-federation/", "PolicyDocument": READ})
    step("create a role", "iam", "create_role", RoleName="Shop", Path="/ado-federation/", AssumeRolePolicyDocument=trust(), Description="d",
         MaxSessionDuration=7200, PermissionsBoundary=bound, Tags=[{"Key": "a", "Value": "b"}])
    step("create a plain role", "iam", "create_role", RoleName="plain", AssumeRolePolicyDocument=trust())
    step("create a role again", "iam", "create_role", RoleName="Shop", AssumeRolePolicyDocument=trust())
    step("create its name in other case", "iam", "create_role", RoleName="SHOP", AssumeRolePolicyDocument=trust())
    call("moto", "iam", "delete_role", {"RoleName": "SHOP"})
    step("get a role", "iam", "get_role", RoleName="Shop")
    step("get its name in other case", "iam", "get_role", RoleName="shop")
    step("get a missing role", "iam", "get_role", RoleName="nobody")
    step("list roles of a path", "iam", "list_roles", PathPrefix="/ado-federation/")
    step("change a role", "iam", "update_role", RoleName="Shop", Description="two", MaxSessionDuration=3600)
    step("describe a role", "iam", "update_role_description", RoleName="Shop", Description="three")
    step("change the trust", "iam", "update_assume_role_policy", RoleName="Shop", PolicyDocument=trust(Sid="One"))
    step("change the trust to nonsense", "iam", "update_assume_role_policy", RoleName="Shop", PolicyDocument="{")
    step("tag a role", "iam", "tag_role", RoleName="Shop", Tags=[{"Key": "c", "Value": "d"}])
    step("tags of a role", "iam", "list_role_tags", RoleName="Shop")
    step("untag a role", "iam", "untag_role", RoleName="Shop", TagKeys=["c"])
    step("untag a missing role", "iam", "untag_role", RoleName="nobody", TagKeys=["c"])
    step("take the boundary away", "iam", "delete_role_permissions_boundary", RoleName="Shop")
    step("put the boundary back", "iam", "put_role_permissions_boundary", RoleName="Shop", PermissionsBoundary=bound)
    step("put a boundary that is no policy", "iam", "put_role_permissions_boundary", RoleName="Shop", PermissionsBoundary=f"arn:aws:iam::{DEV}:role/x-no-policy")
    step("instance profiles of a role", "iam", "list_instance_profiles_for_role", RoleName="Shop")
    step("put an inline policy", "iam", "put_role_policy", RoleName="Shop", PolicyName="p", PolicyDocument=READ)
    step("get an inline policy", "iam", "get_role_policy", RoleName="Shop", PolicyName="p")
    step("list inline policies", "iam", "list_role_policies", RoleName="Shop")
    step("get a missing inline policy", "iam", "get_role_policy", RoleName="Shop", PolicyName="none")
    step("delete a missing inline policy", "iam", "delete_role_policy", RoleName="Shop", PolicyName="none")
    step("delete a role with a policy", "iam", "delete_role", RoleName="Shop")
    for name, document in (("without an action's service", policy(Action="GetObject", Resource="*")), ("without a resource", policy(Action="s3:GetObject")),
                           ("with a principal", policy(Action="s3:GetObject", Resource="*", Principal="*")),
                           ("with another effect", policy(Action="s3:GetObject", Resource="*", Effect="Maybe")),
                           ("with a resource that is no ARN", policy(Action="s3:GetObject", Resource="shop")),
                           ("with an unknown operator", policy(Action="s3:GetObject", Resource="*", Condition={"StringSame": {"aws:username": "a"}})),
                           ("of 10,300 characters", policy(Action="s3:GetObject", Resource="arn:aws:s3:::" + "x" * 10240))):
        step("put an inline policy " + name, "iam", "put_role_policy", RoleName="Shop", PolicyName="q", PolicyDocument=document)
        both("iam", "delete_role_policy", RoleName="Shop", PolicyName="q")


def policies():
    arn = f"arn:aws:iam::{DEV}:policy/shop/Read"
    step("create a policy", "iam", "create_policy", PolicyName="Read", Path="/shop/", PolicyDocument=READ, Description="d", Tags=[{"Key": "a", "Value": "b"}])
    step("create a policy again", "iam", "create_policy", PolicyName="Read", Path="/shop/", PolicyDocument=READ)
    step("create a policy of 6,200 characters", "iam", "create_policy", PolicyName="big", PolicyDocument=policy(Action="s3:GetObject", Resource="arn:aws:s3:::" + "x" * 6144))
    both("iam", "delete_policy", PolicyArn=f"arn:aws:iam::{DEV}:policy/big")
    step("get a policy", "iam", "get_policy", PolicyArn=arn)
    step("get a missing policy", "iam", "get_policy", PolicyArn=arn + "-none")
    step("create a version", "iam", "create_policy_version", PolicyArn=arn, PolicyDocument=READ)
    step("set the default version", "iam", "set_default_policy_version", PolicyArn=arn, VersionId="v2")
    step("get a version", "iam", "get_policy_version", PolicyArn=arn, VersionId="v2")
    step("list versions", "iam", "list_policy_versions", PolicyArn=arn)
    step("delete the default version", "iam", "delete_policy_version", PolicyArn=arn, VersionId="v2")
    step("delete a policy with versions", "iam", "delete_policy", PolicyArn=arn)
    for method, kw in (("create_policy", {"PolicyName": "Read", "Path": "/shop/", "PolicyDocument": READ, "Tags": [{"Key": "a", "Value": "b"}]}),
                       ("create_policy_version", {"PolicyArn": arn, "PolicyDocument": READ, "SetAsDefault": True})):
        call("moto", "iam", method, kw)  # which has deleted it
    step("delete a version", "iam", "delete_policy_version", PolicyArn=arn, VersionId="v1")
    step("attach a policy", "iam", "attach_role_policy", RoleName="Shop", PolicyArn=arn)
    step("attach a missing policy", "iam", "attach_role_policy", RoleName="Shop", PolicyArn=arn + "-none")
    step("list attached policies", "iam", "list_attached_role_policies", RoleName="Shop")
    step("entities of a policy", "iam", "list_entities_for_policy", PolicyArn=arn)
    step("list policies of a path", "iam", "list_policies", Scope="Local", PathPrefix="/shop/")
    step("tag a policy", "iam", "tag_policy", PolicyArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    step("tags of a policy", "iam", "list_policy_tags", PolicyArn=arn)
    step("untag a policy", "iam", "untag_policy", PolicyArn=arn, TagKeys=["c"])
    step("delete an attached policy", "iam", "delete_policy", PolicyArn=arn)
    for method, kw in (("create_policy", {"PolicyName": "Read", "Path": "/shop/", "PolicyDocument": READ}), ("attach_role_policy", {"RoleName": "Shop", "PolicyArn": arn})):
        call("moto", "iam", method, kw)  # which has deleted it
    step("details of roles", "iam", "get_account_authorization_details", Filter=["Role"])
    step("details, one a page", "iam", "get_account_authorization_details", Filter=["Role"], MaxItems=1)
    step("detach a policy", "iam", "detach_role_policy", RoleName="Shop", PolicyArn=arn)
    step("detach it again", "iam", "detach_role_policy", RoleName="Shop", PolicyArn=arn)
    step("delete a policy", "iam", "delete_policy", PolicyArn=arn)
    step("delete the boundary in use", "iam", "delete_policy", PolicyArn=f"arn:aws:iam::{DEV}:policy/ado-federation/boundary")


def bad_roles():
    for name, change in (
            ("a name of 65", {"RoleName": "a" * 65}), ("a name with a space", {"RoleName": "bad name"}), ("a path without slashes", {"Path": "nope"}),
            ("sessions of a minute", {"MaxSessionDuration": 60}), ("a trust that is no JSON", {"AssumeRolePolicyDocument": "not json"}),
            ("a trust with a resource", {"AssumeRolePolicyDocument": trust(Resource="*")}), ("a trust of 3,000 characters", {"AssumeRolePolicyDocument": trust(Sid="x" * 3000)}),
            ("a trust without a principal", {"AssumeRolePolicyDocument": policy(Action="sts:AssumeRole")}),
            ("a trust in a missing role", {"AssumeRolePolicyDocument": policy(Action="sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{DEV}:role/nobody"})}),
            ("a missing boundary", {"PermissionsBoundary": f"arn:aws:iam::{DEV}:policy/none"}), ("51 tags", {"Tags": [{"Key": f"k{i}", "Value": ""} for i in range(51)]}),
            ("a tag twice", {"Tags": [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]}), ("a reserved tag", {"Tags": [{"Key": "aws:a", "Value": ""}]})):
        kw = {"RoleName": "bad", "AssumeRolePolicyDocument": trust(), **change}
        step("create a role with " + name, "iam", "create_role", **kw)
        both("iam", "delete_role", RoleName=kw["RoleName"])


def others():
    call("moto", "iam", "create_account_alias", {"AccountAlias": "shop-dev"})
    step("the account's alias", "iam", "list_account_aliases")
    step("who am I", "sts", "get_caller_identity")
    role = f"arn:aws:iam::{DEV}:role/ado-federation/Shop"
    step("assume a role that does not trust", "sts", "assume_role", RoleArn=role, RoleSessionName="s-1")
    step("assume a missing role", "sts", "assume_role", RoleArn=role + "-none", RoleSessionName="s-1")
    step("assume a role for a minute", "sts", "assume_role", RoleArn=role, RoleSessionName="s-1", DurationSeconds=60)
    step("sign in with garbage", "sts", "assume_role_with_web_identity", RoleArn=role, RoleSessionName="s-1", WebIdentityToken="a.b.c")
    step("sign in as another connection", "sts", "assume_role_with_web_identity", RoleArn=role, RoleSessionName="s-1", WebIdentityToken=json.loads(os.environ["TOKENS"])["sibling"])
    step("a report of what was used", "iam", "generate_service_last_accessed_details", Arn=role)
    step("look events up", "cloudtrail", "lookup_events")
    for name, kw in (("/shop/web/title", {"Type": "String", "Value": "Shop"}), *[("/shop/web/token", {"Type": "SecureString", "Value": "s3cret"})] * 3):
        call("moto", "ssm", "put_parameter", {"Name": name, "Overwrite": True, **kw})
    step("get a parameter", "ssm", "get_parameter", Name="/shop/web/title")
    step("get a secret parameter, open", "ssm", "get_parameter", Name="/shop/web/token:3", WithDecryption=True)
    step("get a missing parameter", "ssm", "get_parameter", Name="none")
    step("get parameters", "ssm", "get_parameters", Names=["/shop/web/title", "none"])
    step("parameters of a bad path", "ssm", "get_parameters_by_path", Path="shop")
    call("moto", "secretsmanager", "create_secret", {"Name": "shop/database", "SecretString": "now"})
    step("get a secret", "secretsmanager", "get_secret_value", SecretId="shop/database")
    step("get a missing secret", "secretsmanager", "get_secret_value", SecretId="none")
    step("get a missing stage", "secretsmanager", "get_secret_value", SecretId="shop/database", VersionStage="X")
    step("accounts, outside an organization", "organizations", "list_accounts")


def end():
    step("delete an inline policy", "iam", "delete_role_policy", RoleName="Shop", PolicyName="p")
    step("delete a role", "iam", "delete_role", RoleName="Shop")
    step("delete it again", "iam", "delete_role", RoleName="Shop")
    step("delete a provider", "iam", "delete_open_id_connect_provider", OpenIDConnectProviderArn=PROVIDER)


providers()
roles()
policies()
bad_roles()
others()
end()
with open(os.environ["DIFFERENCES"], "w") as f:
    json.dump(found, f)
print(len(steps), "steps,", len(found), "differences")
sys.exit(len(steps) < 100)
