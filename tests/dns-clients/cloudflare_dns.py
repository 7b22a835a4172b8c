"""Uses a service as somebody would who writes programs with Cloudflare's own client.

    cloudflare_dns.py URL TOKEN ZONE

The first request is to be answered by 429. Any answer that is not as the client expects it ends the program. One record is
left in the end.
"""

import sys

import cloudflare

url, token, zone_name = sys.argv[1:]


def client_with(secret):
    return cloudflare.Cloudflare(api_token=secret, base_url=url, max_retries=0)


def refused(kind, code, work):
    """Runs what the service is to refuse with this code."""
    try:
        work()
    except kind as error:
        assert [one.code for one in error.errors] == [code], error.errors
        return error
    raise AssertionError(f"no {kind.__name__}")


client = client_with(token)
try:
    client.zones.list()
    raise AssertionError("the service was not busy")
except cloudflare.RateLimitError as error:
    assert error.response.headers["retry-after"] == "1", error.response.headers
refused(cloudflare.PermissionDeniedError, 9109, lambda: client_with("another").zones.list())

zones = list(client.zones.list())
assert [zone.name for zone in zones] == [zone_name], zones
assert not list(client.zones.list(name="other.test"))
records, here = client.dns.records, {"zone_id": zones[0].id}


def address(number):
    return {"type": "A", "name": f"a.{zone_name}", "content": f"192.0.2.{number}", "ttl": 300}


made = [records.create(**address(number), proxied=False, **here) for number in range(1, 6)]
records.create(type="TXT", name=f"t.{zone_name}", content='"a text"', ttl=300, **here)
assert len({record.id for record in made}) == 5, made
listed = list(records.list(type="A", **here))
assert [record.content for record in listed] == [f"192.0.2.{number}" for number in range(1, 6)], listed
assert [record.type for record in records.list(name={"exact": f"t.{zone_name}"}, **here)] == ["TXT"]

found = records.get(made[0].id, **here)
assert (found.name, found.content, found.ttl, found.proxied) == (f"a.{zone_name}", "192.0.2.1", 300, False), found
edited = records.edit(made[0].id, type="A", name=f"a.{zone_name}", content="192.0.2.9", ttl=60, **here)
assert (edited.content, edited.ttl) == ("192.0.2.9", 60), edited
put = records.update(made[0].id, **address(8), **here)
assert records.get(made[0].id, **here).content == put.content == "192.0.2.8", put

alias = {"type": "CNAME", "name": f"a.{zone_name}", "content": "lb.example.net", "ttl": 300}
refused(cloudflare.BadRequestError, 81053, lambda: records.create(**alias, **here))
refused(cloudflare.BadRequestError, 9021, lambda: records.create(**{**address(7), "ttl": 5}, **here))
# What cannot be done as a whole is not done at all.
gone = [{"id": record.id} for record in made]
refused(cloudflare.NotFoundError, 81044, lambda: records.batch(deletes=[*gone, {"id": "999"}], posts=[alias], **here))
assert len(list(records.list(type="A", **here))) == 5
done = records.batch(deletes=gone, posts=[alias], **here)
assert (len(done.deletes), [record.content for record in done.posts]) == (5, ["lb.example.net"]), done

text = next(iter(records.list(type="TXT", **here)))
assert records.delete(text.id, **here).id == text.id
refused(cloudflare.NotFoundError, 81044, lambda: records.get(text.id, **here))
