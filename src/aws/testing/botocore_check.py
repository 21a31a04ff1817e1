"""Reads signed requests, one JSON object a line, and checks each signature with botocore's own signer."""
import datetime
import json
import sys
from unittest import mock

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def expected(case):
    when = datetime.datetime.strptime(case["time"], "%Y%m%dT%H%M%SZ")
    keys = Credentials(case["accessKeyId"], case["secretAccessKey"], case["sessionToken"] or None)
    signer = auth.SigV4Auth(keys, case["service"], case["region"])
    request = AWSRequest(method=case["method"], url=case["url"], data=case["body"].encode())
    for name, value in case["headers"]:
        request.headers[name] = value
    with mock.patch("botocore.auth.datetime") as clock:
        clock.datetime.utcnow.return_value = when
        signer.add_auth(request)
    return request.headers["Authorization"]


def main():
    wrong = 0
    count = 0
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            case = json.loads(line)
            count += 1
            want = expected(case)
            if want != case["authorization"]:
                wrong += 1
                print(f"{case['method']} {case['url']} {case['headers']}\n  ours     {case['authorization']}\n  botocore {want}")
    print(f"{count} signatures, {wrong} wrong")
    sys.exit(1 if wrong or count < 200 else 0)


main()
