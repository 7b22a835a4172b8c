"""Uses a service as somebody would who writes programs with DigitalOcean's own client.

    digitalocean_dns.py URL TOKEN ZONE

The first request is to be answered by 429. Any answer that is not as the client expects it ends the program. One record is
left in the end.
"""

import sys
from urllib.parse import parse_qs, urlsplit

import pydo
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

url, token, zone = sys.argv[1:]
# The service is on this machine, and each answer counts.
HOW = {"enforce_https": False, "retry_total": 0}


def domains_with(secret):
    return pydo.Client(token=secret, endpoint=url).domains


def refused(kind, status, work):
    """Runs what the service is to refuse with this status."""
    try:
        work()
    except kind as error:
        assert error.status_code == status, error
        return error
    raise AssertionError(f"no {kind.__name__}")


domains = domains_with(token)
busy = refused(HttpResponseError, 429, lambda: domains.list(**HOW))
assert busy.response.headers["retry-after"] == "1", busy.response.headers
refused(ClientAuthenticationError, 401, lambda: domains_with("another").list(**HOW))
assert [domain["name"] for domain in domains.list(**HOW)["domains"]] == [zone]


def make(record):
    return domains.create_record(zone, {"ttl": 300, **record}, **HOW)["domain_record"]


def listed(**filters):
    """The records of all pages, as the links lead from one to the next."""
    found, page = [], 1
    while True:
        answer = domains.list_records(zone, page=page, **filters, **HOW)
        found += answer["domain_records"]
        following = answer["links"].get("pages", {}).get("next")
        if following is None:
            assert answer["meta"]["total"] == len(found), answer
            return found
        page = int(parse_qs(urlsplit(following).query)["page"][0])


made = [make({"type": "A", "name": "a", "data": f"192.0.2.{number}"}) for number in range(1, 6)]
text = make({"type": "TXT", "name": "t", "data": "a text"})
assert len({record["id"] for record in made}) == 5, made
assert [record["data"] for record in listed(type="A")] == [f"192.0.2.{number}" for number in range(1, 6)]
assert [record["type"] for record in listed(name=f"t.{zone}")] == ["TXT"]

first = made[0]["id"]
found = domains.get_record(zone, first, **HOW)["domain_record"]
assert (found["name"], found["data"], found["ttl"]) == ("a", "192.0.2.1", 300), found
patched = domains.patch_record(zone, first, {"type": "A", "data": "192.0.2.9"}, **HOW)["domain_record"]
assert (patched["data"], patched["ttl"]) == ("192.0.2.9", 300), patched
changed = {"type": "A", "name": "a", "data": "192.0.2.8", "ttl": 60}
domains.update_record(zone, first, changed, **HOW)
found = domains.get_record(zone, first, **HOW)["domain_record"]
assert (found["data"], found["ttl"]) == ("192.0.2.8", 60), found

alias = {"type": "CNAME", "name": "a", "data": "lb.example.net."}
refused(HttpResponseError, 422, lambda: make(alias))
for record in made:
    domains.delete_record(zone, record["id"], **HOW)
refused(HttpResponseError, 422, lambda: make({**alias, "data": "lb.example.net"}))
assert make(alias)["data"] == "lb.example.net"
domains.delete_record(zone, text["id"], **HOW)
# What is not there is an answer to this client, and no exception.
assert domains.get_record(zone, text["id"], **HOW)["id"] == "not_found"
