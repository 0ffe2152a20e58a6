"""What an administrator does in the emulated account, with the SDK that the emulator brings along.

    account.py secrets            makes the two secrets; prints their ARNs
    account.py images             lets the deployment look for images: the emulator asks for "*" where AWS does not
    account.py function NAME      prints the function's variables and credentials of its role
    account.py revoke NAME SID    takes one statement out of the function's policy
    account.py grant NAME SID     puts it back
    account.py mapping NAME on    lets the function take messages of its queue; off: no longer
    account.py user NAME POLICY   makes a user with this policy alone; prints an access key of it
"""
import json
import pathlib
import sys

import botocore.session

session = botocore.session.get_session()
client = session.create_client


def secrets() -> dict:
    make = client("secretsmanager").create_secret
    return {name: make(Name=f"remaster/{name}", SecretString="local")["ARN"] for name in ("manage", "points")}


def images() -> dict:
    account, region = client("sts").get_caller_identity()["Account"], session.get_config_variable("region")
    statement = {"Effect": "Allow", "Action": ["ecr:DescribeRepositories", "ecr:DescribeImages"], "Resource": "*"}
    client("iam").put_role_policy(
        RoleName=f"cdk-hnb659fds-image-publishing-role-{account}-{region}",
        PolicyName="emulator",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    return {}


def function(name: str) -> dict:
    found = client("lambda").get_function_configuration(FunctionName=name)
    made = client("sts").assume_role(RoleArn=found["Role"], RoleSessionName=name)["Credentials"]
    return {
        "variables": found["Environment"]["Variables"],
        "credentials": {
            "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
            "AWS_SESSION_TOKEN": made["SessionToken"],
        },
    }


def policy_of(name: str) -> tuple[str, str, dict]:
    role = client("lambda").get_function_configuration(FunctionName=name)["Role"].split("/")[-1]
    policy = client("iam").list_role_policies(RoleName=role)["PolicyNames"][0]
    document = client("iam").get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    return role, policy, document


def write(role: str, policy: str, document: dict) -> None:
    client("iam").put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


def kept(name: str) -> pathlib.Path:
    return pathlib.Path(__file__).parents[2] / ".remaster" / "stack" / f"{name}.policy.json"


def revoke(name: str, sid: str) -> dict:
    role, policy, document = policy_of(name)
    kept(name).write_text(json.dumps(document))
    rest = [statement for statement in document["Statement"] if statement.get("Sid") != sid]
    if len(rest) == len(document["Statement"]):
        raise SystemExit(f"{name} has no statement {sid}")
    write(role, policy, {**document, "Statement": rest})
    return {}


def grant(name: str, _sid: str) -> dict:
    role, policy, _document = policy_of(name)
    write(role, policy, json.loads(kept(name).read_text()))
    return {}


def user(name: str, policy: str) -> dict:
    iam = client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=policy)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return {"accessKeyId": made["AccessKeyId"], "secretAccessKey": made["SecretAccessKey"]}


def mapping(name: str, switch: str) -> dict:
    mappings = client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    for found in mappings:
        client("lambda").update_event_source_mapping(UUID=found["UUID"], Enabled=switch == "on")
    return {"mappings": len(mappings)}


VERBS = {
    "secrets": secrets,
    "images": images,
    "function": function,
    "revoke": revoke,
    "grant": grant,
    "mapping": mapping,
    "user": user,
}
verb, *arguments = sys.argv[1:]
print(json.dumps(VERBS[verb](*arguments)))
