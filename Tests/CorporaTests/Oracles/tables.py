"""Writes tables of text with pyarrow into FOLDER, reads each one back, and prints the rows as JSON: {file: [text or null]}.

usage: tables.py FOLDER
"""
import itertools
import json
import os
import sys

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

os.chdir(sys.argv[1])
ROWS = [
    "naïve Straße",
    "",
    None,
    "数学は 수학 математика עִבְרִית 👩🏽‍🔬",
    "tabs\tand\nlines\n",
    "the same",
    "the same",
    None,
    "x" * 100_000,
    "\x00 is text, too",
    *[f"row {i} " + "abc " * (i % 50) for i in range(300)],
]
expected = {}


def table(type, rows=ROWS):
    values = pa.array(rows, pa.string()).cast(type) if type != pa.null() else pa.nulls(len(rows))
    return pa.table({"id": range(len(rows)), "text": values, "tags": [["a", "b"]] * len(rows)})


def parquet(name, data, **options):
    pq.write_table(data, name, **options)
    expected[name] = pq.read_table(name)["text"].to_pylist()


def arrow(name, data, batch, kind, **options):
    writer = (pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file)(
        name, data.schema, options=pa.ipc.IpcWriteOptions(**options))
    with writer:
        writer.write_table(data, max_chunksize=batch)
    with pa.memory_map(name) as source:
        read = pa.ipc.open_stream(source) if kind == "stream" else pa.ipc.open_file(source)
        expected[name] = read.read_all()["text"].to_pylist()


# Parquet: compressions, encodings, row groups, pages, types.
for compression, dictionary in itertools.product(["none", "snappy", "gzip", "zstd", "lz4", "brotli"], [True, False]):
    parquet(f"{compression}-{dictionary}.parquet", table(pa.string()), compression=compression, use_dictionary=dictionary)
for group in [1, 7, 64]:
    parquet(f"groups-{group}.parquet", table(pa.string()), row_group_size=group)
for encoding in ["DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]:
    parquet(f"{encoding}.parquet", table(pa.string()), use_dictionary=False, column_encoding={"text": encoding})
parquet("pages.parquet", table(pa.string()), data_page_size=500, data_page_version="2.0", write_page_checksum=True)
parquet("fallback.parquet", table(pa.string()), dictionary_pagesize_limit=300, data_page_size=500)
parquet("large.parquet", table(pa.large_string()))
parquet("dictionary.parquet", table(pa.dictionary(pa.int32(), pa.string())))
parquet("foreign.parquet", table(pa.string()), store_schema=False)
parquet("no-rows.parquet", table(pa.string(), []))
parquet("nulls.parquet", table(pa.null()))

# Arrow: streams and files, batches, types, compressed buffers, dictionaries that grow.
for kind, batch in itertools.product(["stream", "file"], [1, 7, 1000]):
    arrow(f"{kind}-{batch}.arrow", table(pa.string()), batch, kind)
for kind, type in itertools.product(
    ["stream", "file"],
    [pa.large_string(), pa.string_view(), pa.dictionary(pa.int16(), pa.string()), pa.dictionary(pa.int64(), pa.large_string()), pa.null()],
):
    arrow(f"{kind}-{type}.arrow".replace(" ", "").replace("/", ""), table(type), 50, kind)
for kind, compression in itertools.product(["stream", "file"], ["lz4", "zstd"]):
    arrow(f"{kind}-{compression}.arrow", table(pa.string()), 50, kind, compression=compression)
parts = [pa.array(part).dictionary_encode() for part in (["a", "b"], ["a", "b", "c", None], ["d"])]
for kind in ["stream", "file"]:
    chunks = pa.chunked_array(parts if kind == "stream" else parts[:2])
    arrow(f"{kind}-growing.arrow", pa.table({"text": chunks}), None, kind, emit_dictionary_deltas=True)
arrow("stream-no-rows.arrow", table(pa.string(), []), None, "stream")
arrow("stream-legacy.arrow", table(pa.string()), 50, "stream", use_legacy_format=True)
# Sliced in the middle of a byte of validity bits.
arrow("stream-sliced.arrow", table(pa.string()).slice(3, 40), None, "stream")

# Text that is not UTF-8, a text of little size for much, and columns that are none.
broken = pa.array([b"good", b"bad \xff\xfe"], pa.binary())
pq.write_table(pa.table({"text": pa.Array.from_buffers(pa.string(), 2, broken.buffers())}), "not-utf8.parquet")
pq.write_table(pa.table({"text": ["y" * 65_536] * 20_000}), "bomb.parquet")
with pa.ipc.new_stream("bomb.arrow", pa.schema({"text": pa.dictionary(pa.int8(), pa.string())})) as writer:
    entries = pa.DictionaryArray.from_arrays(pa.array([0] * 200_000, pa.int8()), ["z" * 65_536])
    writer.write_batch(pa.record_batch({"text": entries}))
for kind in ["stream", "file"]:
    arrow(f"columns-{kind}.arrow", pa.table({"title": ["t"], "text": [["nested"]], "count": [1]}), None, kind)
pq.write_table(pa.table({"title": ["t"], "text": [{"nested": "text"}], "count": [1]}), "columns.parquet")
pq.write_table(pa.Table.from_arrays([pa.array(["a"])] * 2, ["text", "text"]), "twice.parquet")
for kind in ["stream", "file"]:
    del expected[f"columns-{kind}.arrow"]


# A dataset as `datasets` 4 saves it, with a cache of a filter beside it; two splits of one; and the Hub's layout.
def save(folder, shards):
    os.makedirs(folder)
    for number, rows in enumerate(shards):
        name = f"data-{number:05}-of-{len(shards):05}.arrow"
        data = pa.table({"text": rows})
        with pa.ipc.new_stream(f"{folder}/{name}", data.schema) as writer:
            writer.write_table(data)
    names = [f"data-{number:05}-of-{len(shards):05}.arrow" for number in range(len(shards))]
    with open(f"{folder}/state.json", "w") as file:
        json.dump({"_data_files": [{"filename": name} for name in names], "_fingerprint": "0", "_format_type": None, "_split": "train"}, file)
    with open(f"{folder}/dataset_info.json", "w") as file:
        json.dump({"features": {"text": {"dtype": "string", "_type": "Value"}}}, file)


save("saved", [["first", "second"], ["third"], ["fourth"]])
with pa.ipc.new_stream("saved/cache-0123456789abcdef.arrow", pa.schema({"text": pa.string()})) as writer:
    writer.write_table(pa.table({"text": ["cached"]}))
save("both/train", [["to train on"]])
save("both/test", [["to test on"]])
with open("both/dataset_dict.json", "w") as file:
    json.dump({"splits": ["train", "test"]}, file)
os.makedirs("hub/data")
with open("hub/README.md", "w") as file:
    file.write("The dataset's card.")
for split, count in [("train", 3), ("test", 1)]:
    for number in range(count):
        pq.write_table(pa.table({"text": [f"{split} {number}"]}), f"hub/data/{split}-{number:05}-of-{count:05}.parquet")

json.dump(expected, sys.stdout)
