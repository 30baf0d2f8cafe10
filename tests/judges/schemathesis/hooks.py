"""What Schemathesis is told of the sandbox, and where it writes what it has found.

PLEO_URL is where the sandbox listens, PLEO_TOKEN an access token of one company, PLEO_RECORD the file that gets a line of
JSON for each response and each objection.
"""

import itertools
import json
import os
import uuid

import requests
import schemathesis
from schemathesis.generation import GenerationMode

URL = os.environ["PLEO_URL"]
HEADERS = {"Authorization": f"Bearer {os.environ['PLEO_TOKEN']}"}
RECORD = open(os.environ["PLEO_RECORD"], "w", encoding="utf-8")


def ask(method, path, **options):
    response = requests.request(method, URL + path, headers=HEADERS, timeout=60, **options)
    response.raise_for_status()
    return response.json()["data"]


COMPANY = ask("GET", "/v1/introspect")["subjectURN"].rsplit(":", 1)[1]
OF_COMPANY = f"company_id={COMPANY}"
SEARCH = {"includeDeleted": False}
ENTRIES = [entry["id"] for entry in ask("POST", f"/v1/accounting-entries:search?{OF_COMPANY}", json=SEARCH)]
# What Schemathesis finds no operation for that it could take them from.
KNOWN = {
    "company_id": COMPANY,
    "companyId": COMPANY,
    "employeeId": ask("GET", f"/v2/employees?companyId={COMPANY}")[0]["id"],
    "job_id": ask("GET", f"/v3/export-jobs?{OF_COMPANY}")[0]["id"],
    "accounting_entry_id": ENTRIES[0],
}


@schemathesis.auth(refresh_interval=None)
class Token:
    """Presents the access token, which every document takes."""

    def get(self, case, context):
        return HEADERS

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), **data}


def is_id(value):
    try:
        return isinstance(value, str) and uuid.UUID(value) is not None
    except ValueError:
        return False


def of_the_company(values):
    """Names what the token's own company has, where anything else is refused."""
    if isinstance(values, dict):
        for name in KNOWN.keys() & values.keys():
            if is_id(values[name]):
                values[name] = KNOWN[name]
        ids = values.get("accountingEntryIds")
        if isinstance(ids, list) and ids and all(map(is_id, ids)):
            values["accountingEntryIds"] = ENTRIES[: len(ids)]


def agreeing(query):
    """Lets parameters of paging agree with one another, so that more is looked at than those. Each alone stays as it is."""
    for name in ("before", "after"):
        query.pop(name, None)
    for name in ("offset", "limit"):
        if str(query.get(name)).startswith("-"):
            del query[name]
    orders = query.pop("sorting_order", None)
    query.pop("sorting_keys", None)
    if isinstance(orders, list) and orders:
        query["sorting_keys"] = ["id"] * len(orders)
        query["sorting_order"] = orders


def job(status):
    """The company's export job that is in this status. There is one at most that has not ended."""
    jobs = ask("GET", f"/v3/export-jobs?{OF_COMPANY}&statuses=pending&statuses=in_progress")
    if jobs and jobs[0]["status"] == "in_progress" and status != "in_progress":
        happen(jobs[0], "failed")
        jobs = []
    if status is None:
        if jobs:
            happen(jobs[0], "failed")
        return None
    create = {"companyId": COMPANY, "accountingEntryIds": ENTRIES[:1]}
    found = jobs[0] if jobs else ask("POST", "/v3/export-jobs", json=create)
    if found["status"] == "pending" and status == "in_progress":
        happen(found, "started")
    return found["id"]


def happen(job, event):
    body = {"jobId": job["id"], "event": event}
    requests.post(f"{URL}/v3/export-job-events", headers=HEADERS, timeout=60, json=body).raise_for_status()


NUMBERS = itertools.count(1)


def new_tag(with_value):
    """The ids of a new tag, of its group and of the group's dimension, in which the tag may have a value."""
    thing = {"archived": False, "code": f"J{next(NUMBERS)}", "name": "Judged"}
    group = ask("POST", f"/v0/tag-groups?{OF_COMPANY}", json=thing)["id"]
    dimension = ask("POST", f"/v0/tag-groups/{group}/dimensions", json={**thing, "visible": True})["id"]
    tag = ask("POST", f"/v0/tag-groups/{group}/tags", json=thing)["id"]
    if with_value:
        ask("POST", f"/v0/tags/{tag}/dimensions/{dimension}", json={"value": "Judged"})
    return {"groupId": group, "dimensionId": dimension, "tagId": tag}


def prepare(case):
    """Lets there be what the request is about, and brings the company's export to where the request makes sense."""
    method, path = case.operation.method.upper(), case.operation.path
    if "{groupId}" in path or "{tagId}" in path:
        ids = new_tag(with_value=method != "POST" and path.endswith("/{dimensionId}"))
        case.path_parameters = {name: ids.get(name, value) for name, value in case.path_parameters.items()}
    elif path in ("/v0/tags", "/v0/tags/archive") and isinstance(case.body, dict) and case.body.get("tagIds"):
        case.body["tagIds"] = [new_tag(with_value=False)["tagId"]]
    elif method == "POST" and path.endswith("/export-jobs"):
        job(None)
    elif path.endswith("/export-job-events") and isinstance(case.body, dict):
        starts = case.body.get("event") == "started"
        case.body["jobId"] = job("pending" if starts else "in_progress")
    elif method == "PUT" and "/export-jobs/" in path:
        case.path_parameters["jobId"] = job("in_progress")


@schemathesis.hook
def before_call(context, case, kwargs):
    for values in (case.path_parameters, case.query, case.body):
        of_the_company(values)
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    prepare(case)
    if isinstance(case.body, dict) and "defaultCurrency" in case.body:
        # A request may name a currency of any length, but no response could show it, so the sandbox refuses it.
        case.body["defaultCurrency"] = "DKK"
    if isinstance(case.body, dict) and "endpointUrl" in case.body:
        # A document says in words that deliveries need https, because its schema does not.
        case.body["endpointUrl"] = "https://hooks.example/judged"
    if isinstance(case.query, dict) and len(case.query.keys() - {"company_id", "companyId"}) > 1:
        agreeing(case.query)


def write(**line):
    RECORD.write(json.dumps(line) + "\n")
    RECORD.flush()


@schemathesis.hook
def after_call(context, case, response):
    write(operation=case.operation.label, status=response.status_code)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Writes the objection down, and lets the run go on as if there were none: the test decides."""
    request = response.request
    body = request.body.decode(errors="replace") if isinstance(request.body, bytes) else request.body
    write(
        operation=case.operation.label,
        status=response.status_code,
        code=failure.code,
        message=failure.message,
        request=f"{request.method} {request.url}",
        body=body,
        response=response.text,
    )
    return False
