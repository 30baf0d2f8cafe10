"""Signatures of Standard Webhooks 1.0 by Python's own hmac, for the test of ours.

Run `python3 webhook_vectors.py > webhook_vectors.json` in this folder.
"""

import base64
import hashlib
import hmac
import json

JOB = json.dumps(
    {
        "data": {
            "companyId": "11111111-2222-4333-8444-555555555551",
            "createdAt": "2026-01-01T00:00:00Z",
            "createdBy": "22222222-2222-4333-8444-555555555551",
            "expiresIn": 3600,
            "id": "33333333-2222-4333-8444-555555555551",
            "numberOfItems": 300,
            "status": "pending",
        },
        "eventType": "v1.export-job.created",
        "eventId": "44444444-2222-4333-8444-555555555551",
    }
)
CASES = [
    # The key as bytes, the id, the time, the body.
    (b"FAKE-SIGNING-KEY-OF-24-B", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", "1767225600", JOB),
    (b"FAKE-KEY", "msg_1", "1767225600", JOB.replace(" ", "")),
    (bytes(range(256)), "msg_2", "1767225601", '{"eventType": "v1.vendor.created", "data": {"name": "Åse & Søn €"}}'),
    (b"\x00" * 64, "msg_3", "0001767225602", "{}"),
    (b"F" * 65, "a.b.c", "9999999999", ""),
]


def vector(key, id, timestamp, body):
    signed = f"{id}.{timestamp}.{body}".encode()
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    secret = "whsec_" + base64.b64encode(key).decode()
    return {"secret": secret, "id": id, "timestamp": timestamp, "body": body, "signature": f"v1,{signature}"}


VECTORS = [vector(*case) for case in CASES]
print(json.dumps(VECTORS, indent=2, ensure_ascii=False))
