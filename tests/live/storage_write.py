"""The Storage Write API: rows appended to a table's default stream."""

import calendar
import time

from google.cloud import bigquery_storage_v1
from google.cloud.bigquery_storage_v1 import types
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from world import NotHere

FIELD = descriptor_pb2.FieldDescriptorProto
# What the API takes for columns of these types: a DATE is days, a TIMESTAMP microseconds since 1970.
KINDS = {
    "prediction_id": FIELD.TYPE_STRING, "game_id": FIELD.TYPE_STRING, "game_date": FIELD.TYPE_INT32,
    "player_lookup": FIELD.TYPE_STRING, "system_id": FIELD.TYPE_STRING, "is_active": FIELD.TYPE_BOOL,
    "created_at": FIELD.TYPE_INT64, "_CHANGE_TYPE": FIELD.TYPE_STRING,
}


def append(w, table, rows, upsert=False):
    """Appends rows, with `upsert` as change data capture does."""
    if w.endpoint and not w.storage_endpoint:
        raise NotHere("no --storage-endpoint, where the Storage Write API is served")
    kinds = {name: kind for name, kind in KINDS.items() if upsert or name != "_CHANGE_TYPE"}
    file = descriptor_pb2.FileDescriptorProto(name=f"{table}.proto", syntax="proto2")
    message = file.message_type.add(name="Row")
    for number, (name, kind) in enumerate(kinds.items(), 1):
        message.field.add(name=name, number=number, type=kind, label=FIELD.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    row_class = message_factory.GetMessageClass(pool.FindMessageTypeByName("Row"))
    serialized = [row_class(**cells(row, upsert)).SerializeToString() for row in rows]
    stream = f"projects/{w.project}/datasets/{w.dataset}/tables/{w.prefix}{table}/streams/_default"
    request = types.AppendRowsRequest(
        write_stream=stream,
        proto_rows=types.AppendRowsRequest.ProtoData(
            writer_schema=types.ProtoSchema(proto_descriptor=message),
            rows=types.ProtoRows(serialized_rows=serialized),
        ),
    )
    for answer in client(w).append_rows(iter([request])):
        if answer.error.code:
            raise RuntimeError(answer.error.message)


def cells(row, upsert):
    at = time.strptime(row["created_at"].split("+")[0], "%Y-%m-%d %H:%M:%S")
    day = time.strptime(row["game_date"], "%Y-%m-%d")
    more = {"_CHANGE_TYPE": "UPSERT"} if upsert else {}
    return {
        **row, "created_at": calendar.timegm(at) * 1_000_000, "game_date": calendar.timegm(day) // 86_400, **more,
    }


def client(w):
    if not w.storage_endpoint:
        return bigquery_storage_v1.BigQueryWriteClient()
    import grpc
    from google.cloud.bigquery_storage_v1.services.big_query_write.transports import BigQueryWriteGrpcTransport

    channel = grpc.insecure_channel(w.storage_endpoint)
    return bigquery_storage_v1.BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=channel))
