"""What qdrant-client must be able to do with the built-in Qdrant. Run as: python python_client.py URL"""

import sys
import uuid

from qdrant_client import QdrantClient, models

client = QdrantClient(url=sys.argv[1])
other = str(uuid.uuid4())

client.create_collection(
    "py",
    vectors_config=models.VectorParams(size=4, distance=models.Distance.COSINE),
    metadata={"model": "old"},
)
assert client.collection_exists("py")
client.create_payload_index("py", "user", models.PayloadSchemaType.KEYWORD)
client.upsert(
    "py",
    wait=True,
    points=[
        models.PointStruct(id=1, vector=[1, 0, 0, 0], payload={"user": "a", "n": 1, "f": 1.0}),
        models.PointStruct(id=2**63 + 1, vector=[0, 1, 0, 0], payload={"user": "b", "big": 2**60 + 1}),
        models.PointStruct(id=other, vector=[0, 0, 1, 0], payload={"user": "a", "tags": ["x", "y"]}),
    ],
)
client.upload_collection("py", vectors=[[0.5, 0.5, 0.5, 0.5]] * 300, ids=range(1000, 1300), payload=[{"n": i} for i in range(300)], batch_size=64, wait=True)

records, offset = client.scroll("py", limit=2, with_vectors=True)
assert [record.id for record in records] == [1, 1000] and offset == 1001, (records, offset)
assert isinstance(records[0].payload["f"], float) and isinstance(records[0].payload["n"], int)
(big,) = client.retrieve("py", ids=[2**63 + 1])
assert big.payload["big"] == 2**60 + 1

user = models.Filter(must=[models.FieldCondition(key="user", match=models.MatchValue(value="a"))])
hits = client.query_points("py", query=[1.0, 0.1, 0.0, 0.0], query_filter=user, limit=5, with_payload=True).points
assert [hit.id for hit in hits] == [1, other], hits
many = client.query_batch_points("py", requests=[models.QueryRequest(query=[1.0, 0, 0, 0], limit=1), models.QueryRequest(query=1, limit=2)])
assert many[0].points[0].id == 1 and len(many[1].points) == 2
sample = client.query_points("py", query=models.SampleQuery(sample=models.Sample.RANDOM), limit=7).points
assert len({point.id for point in sample}) == 7
assert client.count("py", count_filter=user, exact=True).count == 2

client.set_payload("py", payload={"seen": True}, points=[1])
client.overwrite_payload("py", payload={"only": 1}, points=[other])
client.delete_payload("py", keys=["n"], points=[1])
client.update_vectors("py", points=[models.PointVectors(id=1, vector=[0, 0, 0, 2])])
client.delete_vectors("py", vectors=[""], points=[other])
(first,) = client.retrieve("py", ids=[1], with_vectors=True)
assert first.payload == {"user": "a", "f": 1.0, "seen": True} and first.vector == [0, 0, 0, 1], first
client.delete("py", points_selector=models.FilterSelector(filter=models.Filter(must=[models.FieldCondition(key="n", range=models.Range(gte=100))])))
assert client.count("py").count == 103

client.update_collection_aliases(change_aliases_operations=[models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name="py", alias_name="live"))])
assert client.get_aliases().aliases[0].alias_name == "live"
client.update_collection("live", optimizers_config=models.OptimizersConfigDiff(indexing_threshold=0), metadata={"more": 1})
info = client.get_collection("live")
assert info.config.metadata == {"model": "old", "more": 1} and info.payload_schema["user"].points == 2
try:
    client.query_points("live", query=[1.0, 2.0])
    raise SystemExit("a query of the wrong length was answered")
except Exception as error:
    assert "expected dim: 4, got 2" in str(error), error
assert client.delete_collection("py")
print("ok")
