"""Bodies for the intake, which takes any bytes: records of the examples, as they are, cut, turned about, and nonsense.

Schemathesis loads this file (checks/openapi); text by chance would all be refused at its first character.
"""

import gzip
import json
import pathlib

import schemathesis
from hypothesis import strategies as st

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "examples"
RECORDS = (EXAMPLES / "day.ndjson").read_bytes().splitlines()[::37]
MARKS = [b"{", b"}", b'"', b",", b"[", b"\\u0000", b"\x00", b"\xff", b"\x1b[2J", "‮".encode(), b"null", b"1e999", b"\n\n", b"CEF:0|"]

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12)


@st.composite
def bent(draw):
    """A record with one of its values replaced by anything, or with some bytes of its text."""
    record = draw(st.sampled_from(RECORDS))
    if record.startswith(b"{") and draw(st.booleans()):
        known = json.loads(record)
        place, key = known, draw(st.sampled_from(sorted(known)))
        while isinstance(place[key], dict) and place[key] and draw(st.booleans()):
            place = place[key]
            key = draw(st.sampled_from(sorted(place)))
        place[key] = draw(values)
        return json.dumps(known).encode("utf-8", "surrogatepass")
    at = draw(st.integers(0, len(record)))
    return record[:at] + draw(st.sampled_from(MARKS)) + record[at + draw(st.integers(0, 9)):]


one = st.sampled_from(RECORDS) | bent() | values.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")) | st.binary(max_size=40)
lines = st.lists(one, max_size=5).map(b"\n".join)
array = st.lists(st.sampled_from([record for record in RECORDS if record.startswith(b"{")]), max_size=3).map(lambda all: b"[" + b",".join(all) + b"]")
packed = lines.map(lambda plain: gzip.compress(plain, mtime=0)) | lines.map(lambda plain: gzip.compress(plain, mtime=0)[:-5])
schemathesis.openapi.media_type("application/x-ndjson", lines | array | packed)
