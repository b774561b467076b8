"""The aws command makes every call that the emulator knows, once each. Its own main runs
every command line in this process, since it takes a second to start. CALLS lists all that
must be made."""
import contextlib
import io
import json
import os
import sys
import zipfile

from awscli.clidriver import create_clidriver
from botocore import xform_name

DEV, REGION = os.environ["DEV"], "eu-west-1"
os.environ.update(AWS_SECRET_ACCESS_KEY=os.environ["SECRET"], AWS_PAGER="", AWS_DEFAULT_OUTPUT="json")
COMMANDS = {"s3": "s3api"}
drivers = {}  # by caller: each keeps the credentials that it found
made, wrong = set(), []
role = f"arn:aws:iam::{DEV}:role/ado-federation/Shop"
bound = f"arn:aws:iam::{DEV}:policy/ado-federation/boundary"
provider = f"arn:aws:iam::{DEV}:oidc-provider/{os.environ['ISSUER']}"
policy = f"arn:aws:iam::{DEV}:policy/Read"
read = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})
issuer = os.environ["ISSUER"]
trust = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": provider},
    "Condition": {"StringEquals": {issuer + ":aud": os.environ["AUDIENCE"], issuer + ":sub": os.environ["SUBJECT"]}}}]})


def run(call, *args, key="DEV_KEY", region=REGION, want=""):
    """Runs `aws SERVICE OPERATION ARGS` and returns what it printed, as a value."""
    service, operation = call.split(":")
    command = [COMMANDS.get(service, service), xform_name(operation, "-"), "--endpoint-url", os.environ["ENDPOINT"], "--region", region, *args]
    os.environ["AWS_ACCESS_KEY_ID"] = os.environ[key]
    if key not in drivers:
        drivers[key] = create_clidriver()
    out, err = io.TextIOWrapper(io.BytesIO(), write_through=True), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = drivers[key].main(command)
    text = out.buffer.getvalue().decode()
    if code != 0 or want not in text:
        wrong.append(f"aws {' '.join(command)}: {code}\n{text}{err.getvalue()}")
        return {}
    made.add(call)
    print("called", call)
    return json.loads(text) if text.strip() else {}


def of_role(operation, *args, **kw):
    return run("iam:" + operation, "--role-name", "Shop", *args, **kw)


def of_policy(operation, *args, **kw):
    return run("iam:" + operation, "--policy-arn", policy, *args, **kw)


def of_provider(operation, *args, **kw):
    return run("iam:" + operation, "--open-id-connect-provider-arn", provider, *args, **kw)


run("iam:CreateOpenIDConnectProvider", "--url", "https://" + issuer, "--client-id-list", os.environ["AUDIENCE"], want=provider)
of_provider("AddClientIDToOpenIDConnectProvider", "--client-id", "x")
of_provider("RemoveClientIDFromOpenIDConnectProvider", "--client-id", "x")
of_provider("UpdateOpenIDConnectProviderThumbprint", "--thumbprint-list", "a" * 40)
of_provider("TagOpenIDConnectProvider", "--tags", "Key=a,Value=b")
of_provider("ListOpenIDConnectProviderTags", want='"Key": "a"')
of_provider("UntagOpenIDConnectProvider", "--tag-keys", "a")
of_provider("GetOpenIDConnectProvider", want=os.environ["AUDIENCE"])
run("iam:ListOpenIDConnectProviders", want=provider)
run("iam:CreateRole", "--role-name", "Shop", "--path", "/ado-federation/", "--assume-role-policy-document", trust, want=role)
of_role("UpdateRole", "--description", "two")
of_role("UpdateRoleDescription", "--description", "three")
of_role("UpdateAssumeRolePolicy", "--policy-document", trust)
of_role("PutRolePermissionsBoundary", "--permissions-boundary", bound)
of_role("GetRole", want='"three"')
of_role("DeleteRolePermissionsBoundary")
of_role("TagRole", "--tags", "Key=a,Value=b")
of_role("ListRoleTags", want='"Key": "a"')
of_role("UntagRole", "--tag-keys", "a")
of_role("ListInstanceProfilesForRole")
of_role("PutRolePolicy", "--policy-name", "p", "--policy-document", read)
of_role("GetRolePolicy", "--policy-name", "p", want="s3:GetObject")
of_role("ListRolePolicies", want='"p"')
of_role("DeleteRolePolicy", "--policy-name", "p")
run("iam:CreatePolicy", "--policy-name", "Read", "--policy-document", read, want=policy)
of_policy("CreatePolicyVersion", "--policy-document", read, want='"v2"')
of_policy("SetDefaultPolicyVersion", "--version-id", "v2")
of_policy("GetPolicyVersion", "--version-id", "v2", want="s3:GetObject")
of_policy("ListPolicyVersions", want='"v2"')
of_policy("DeletePolicyVersion", "--version-id", "v1")
of_policy("TagPolicy", "--tags", "Key=a,Value=b")
of_policy("ListPolicyTags", want='"Key": "a"')
of_policy("UntagPolicy", "--tag-keys", "a")
of_role("AttachRolePolicy", "--policy-arn", policy)
of_role("ListAttachedRolePolicies", want=policy)
of_policy("ListEntitiesForPolicy", want='"Shop"')
of_policy("GetPolicy", want='"AttachmentCount": 1')
run("iam:ListPolicies", "--scope", "Local", want=policy)
run("iam:ListRoles", "--page-size", "1", want=role)
run("iam:GetUser", want='"administrator"')
run("iam:ListUsers", want='"administrator"')
run("iam:ListAccountAliases", want='"shop-dev"')
run("iam:GetAccountSummary", want='"RolesQuota": 1000')
run("iam:GetAccountAuthorizationDetails", "--page-size", "1", want='"Shop"')
job = run("iam:GenerateServiceLastAccessedDetails", "--arn", role, "--granularity", "ACTION_LEVEL").get("JobId", "")
run("iam:GetServiceLastAccessedDetails", "--job-id", job, want="IN_PROGRESS")
run("iam:GetServiceLastAccessedDetails", "--job-id", job, want="Amazon S3")
run("iam:GetServiceLastAccessedDetailsWithEntities", "--job-id", job, "--service-namespace", "s3", want="COMPLETED")
run("sts:GetCallerIdentity", want="user/administrator")
run("sts:AssumeRole", "--role-arn", f"arn:aws:iam::{DEV}:role/fedbot/fedbot-writer", "--role-session-name", "s1", "--external-id", "secret-id", key="HOST_KEY", want="assumed-role/fedbot-writer/s1")
run("sts:AssumeRoleWithWebIdentity", "--role-arn", role, "--role-session-name", "s1", "--web-identity-token", json.loads(os.environ["TOKENS"])["good"], want=os.environ["SUBJECT"])
run("cloudtrail:LookupEvents", "--lookup-attributes", "AttributeKey=EventName,AttributeValue=CreateRole", "--max-items", "1", region="us-east-1", want="AwsApiCall")
o = {"key": "PROD_KEY", "region": "us-east-1"}
run("organizations:DescribeOrganization", **o, want='"FeatureSet": "ALL"')
run("organizations:ListRoots", **o, want="r-a1b2")
run("organizations:ListAccounts", **o, want='"shop-dev"')
run("organizations:DescribeAccount", "--account-id", DEV, **o, want='"shop-dev"')
run("organizations:ListParents", "--child-id", DEV, **o, want="ou-a1b2-developm1")
run("organizations:DescribeOrganizationalUnit", "--organizational-unit-id", "ou-a1b2-developm1", **o, want="Development")
run("organizations:ListAccountsForParent", "--parent-id", "ou-a1b2-developm1", **o, want=DEV)
run("organizations:ListOrganizationalUnitsForParent", "--parent-id", "r-a1b2", **o, want="Workloads")
run("organizations:ListChildren", "--parent-id", "r-a1b2", "--child-type", "ACCOUNT", **o, want="777788889999")
run("organizations:ListTagsForResource", "--resource-id", DEV, **o, want="team web")
run("ssm:GetParameter", "--name", "/shop/web/token", "--with-decryption", want="s3cret")
run("ssm:GetParameters", "--names", "/shop/web/title", "none", want='"none"')
run("ssm:GetParametersByPath", "--path", "/shop", "--recursive", want="blue")
run("secretsmanager:GetSecretValue", "--secret-id", "shop/database", want='"now"')
run("secretsmanager:DescribeSecret", "--secret-id", "shop/database", want="AWSPREVIOUS")
site = ("--bucket", "shop-site")
page = os.path.join(os.environ["SCRATCH"], "page.html")
with open(page, "w") as f:
    f.write("hello")
run("s3:ListBuckets", want="shop-site")
run("s3:GetBucketLocation", *site, want=REGION)
run("s3:HeadBucket", *site)
run("s3:PutObject", *site, "--key", "p age", "--body", page, want="ETag")
run("s3:HeadObject", *site, "--key", "p age", want='"ContentLength": 5')
run("s3:GetObject", *site, "--key", "p age", page, want="ETag")
run("s3:ListObjectsV2", *site, want="p age")
run("s3:DeleteObject", *site, "--key", "p age")
run("lambda:ListFunctions", want="checkout")
run("lambda:GetFunction", "--function-name", "checkout", want="checkout")
run("lambda:GetFunctionConfiguration", "--function-name", "checkout", want='"State": "Active"')
code = os.path.join(os.environ["SCRATCH"], "code.zip")
with zipfile.ZipFile(code, "w") as z:
    z.write(page, "bootstrap")
run("lambda:UpdateFunctionCode", "--function-name", "checkout", "--zip-file", "fileb://" + code, want="CodeSha256")
orders, item = ("--table-name", "orders"), '{"id": {"S": "7"}}'
run("dynamodb:ListTables", want="orders")
run("dynamodb:DescribeTable", *orders, want="ACTIVE")
run("dynamodb:PutItem", *orders, "--item", item)
run("dynamodb:GetItem", *orders, "--key", item, want='"7"')
run("dynamodb:Query", *orders, "--key-condition-expression", "id = :i", "--expression-attribute-values", '{":i": {"S": "7"}}', want='"Count": 1')
run("dynamodb:Scan", *orders, want='"Count": 1')
run("dynamodb:DeleteItem", *orders, "--key", item)
run("dynamodb:DeleteTable", *orders, want="DELETING")
of_role("DetachRolePolicy", "--policy-arn", policy)
of_policy("DeletePolicy")
of_role("DeleteRole")
of_provider("DeleteOpenIDConnectProvider")
wrong += [f"{name}: never called" for name in sorted(set(os.environ["CALLS"].split()) - made)]
print("\n".join(wrong))
sys.exit(bool(wrong))
