"""Google's analyzer and reference implementation, spoken to in protocol buffers.

The library's own client compiles 28 MB of WebAssembly whenever a process starts, for half a minute,
and copies byte by byte. Here what was compiled is kept in wasmtime's cache.
"""

import contextlib
import ctypes

from google.protobuf import empty_pb2
from zetasql.core import wasm_client
from zetasql.wasi import get_wasm_path
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as messages
from zetasql.wasi._pb2.zetasql.proto import options_pb2, simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import type_pb2
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_node_kind_pb2


class CachedConfig(wasm_client.Config):
    def __init__(self):
        super().__init__()
        self.cache = True


wasm_client.Config = CachedConfig


class Client(wasm_client.WasmClient):
    def _address(self, offset):
        return ctypes.addressof(self.memory.data_ptr().contents) + offset

    def write_bytes(self, ptr, data):
        ctypes.memmove(self._address(ptr), data, len(data))

    def read_bytes(self, ptr, size):
        return ctypes.string_at(self._address(ptr), size)


# What BigQuery adds to a table partitioned by ingestion time.
PSEUDO_COLUMNS = {"_PARTITIONTIME", "_PARTITIONDATE"}
# BigQuery keeps microseconds.
FINER_THAN_BIGQUERY = {"FEATURE_TIMESTAMP_NANOS", "FEATURE_TIMESTAMP_PICOS"}


def features():
    return options_pb2.LanguageOptionsProto.DESCRIPTOR.fields_by_name["enabled_language_features"].enum_type


def kind(name):
    return getattr(type_pb2, "TYPE_" + {"FLOAT64": "DOUBLE"}.get(name, name))


def type_of(of):
    """The type with this name; {array: type} and {struct: [[field, type]]} are of other types."""
    if isinstance(of, str):
        return type_pb2.TypeProto(type_kind=kind(of))
    if "array" in of:
        element = type_pb2.ArrayTypeProto(element_type=type_of(of["array"]))
        return type_pb2.TypeProto(type_kind=kind("ARRAY"), array_type=element)
    fields = [
        type_pb2.StructFieldProto(field_name=name, field_type=type_of(field)) for name, field in of["struct"]
    ]
    struct = type_pb2.StructTypeProto(field=fields)
    return type_pb2.TypeProto(type_kind=kind("STRUCT"), struct_type=struct)


class Service:
    """Tables with rows, and SQL about them."""

    def __init__(self):
        self.client = Client(get_wasm_path())
        language = self.call(
            "GetLanguageOptions",
            messages.LanguageOptionsRequest(maximum_features=True),
            options_pb2.LanguageOptionsProto,
        )
        finer = {v.number for v in features().values if v.name in FINER_THAN_BIGQUERY}
        kept = [f for f in language.enabled_language_features if f not in finer]
        del language.enabled_language_features[:]
        language.enabled_language_features.extend(kept)
        for kind in ("INSERT", "UPDATE", "DELETE", "MERGE"):
            number = resolved_node_kind_pb2.ResolvedNodeKind.Value(f"RESOLVED_{kind}_STMT")
            language.supported_statement_kinds.append(number)
        self.language = language
        self.options = options_pb2.AnalyzerOptionsProto(
            language_options=language, default_timezone="UTC"
        )
        self.catalog = self.registered({}, {})

    def call(self, function, request, answer):
        return self.client.call_grpc_func("ZetaSqlLocalService_" + function, request, answer)

    def registered(self, tables, contents):
        catalog = simple_catalog_pb2.SimpleCatalogProto(name="catalog")
        catalog.builtin_function_options.language_options.CopyFrom(self.language)
        for name, table in tables.items():
            described = catalog.table.add(name=name)
            if table.get("key"):  # the first column tells the rows that are changed apart
                described.primary_key_column_index.append(0)
            for column, of in table["columns"].items():
                is_pseudo = column in PSEUDO_COLUMNS
                described.column.add(name=column, type=type_of(of), is_pseudo_column=is_pseudo)
        request = messages.RegisterCatalogRequest(simple_catalog=catalog)
        for name, content in contents.items():
            request.table_content[name].CopyFrom(content)
        return self.call("RegisterCatalog", request, messages.RegisterResponse).registered_id

    def content(self, rows):
        """The rows, each a SELECT of literals."""
        content = messages.TableContent()
        for row in rows:
            content.table_data.row.extend(self.run(row)[1].table_data.row)
        return content

    def run(self, sql):
        request = messages.PrepareQueryRequest(
            sql=sql, options=self.options, registered_catalog_id=self.catalog
        )
        prepared = self.call("PrepareQuery", request, messages.PrepareQueryResponse).prepared
        number = prepared.prepared_query_id
        try:
            evaluate = messages.EvaluateQueryRequest(prepared_query_id=number)
            answer = self.call("EvaluateQuery", evaluate, messages.EvaluateQueryResponse)
        finally:
            forget = messages.UnprepareQueryRequest(prepared_query_id=number)
            self.call("UnprepareQuery", forget, empty_pb2.Empty)
        return prepared.columns, answer.content

    def modify(self, sql):
        """The rows that an UPDATE or DELETE changes; the tables stay as they are."""
        request = messages.EvaluateModifyRequest(
            sql=sql, options=self.options, registered_catalog_id=self.catalog
        )
        return self.call("EvaluateModify", request, messages.EvaluateModifyResponse).content

    def analyze(self, sql):
        request = messages.AnalyzeRequest(
            sql_statement=sql, options=self.options, registered_catalog_id=self.catalog
        )
        # What it makes of a statement is not looked at, so it is not read either.
        self.call("Analyze", request, empty_pb2.Empty)

    def parse(self, sql):
        request = messages.ParseRequest(sql_statement=sql, options=self.language)
        self.call("Parse", request, empty_pb2.Empty)

    @contextlib.contextmanager
    def declared(self, tables, parameters=None):
        """Tables, and their rows. With parameters, which may be none, statements are of any kind."""
        options = options_pb2.AnalyzerOptionsProto()
        options.CopyFrom(self.options)
        if parameters is not None:
            del options.language_options.supported_statement_kinds[:]
        for name, of in (parameters or {}).items():
            options.query_parameters.add(name=name, type=type_of(of))
        rows = {name: table.get("rows") for name, table in tables.items()}
        contents = {name: self.content(given) for name, given in rows.items() if given}
        catalog = self.registered(tables, contents)
        before, (self.catalog, self.options) = (self.catalog, self.options), (catalog, options)
        try:
            yield
        finally:
            self.catalog, self.options = before
            self.call("UnregisterCatalog", messages.UnregisterRequest(registered_id=catalog), empty_pb2.Empty)

    def functions(self):
        """The names of all functions, and the names that they go by besides."""
        request = options_pb2.ZetaSQLBuiltinFunctionOptionsProto(language_options=self.language)
        answer = self.call("GetBuiltinFunctions", request, messages.GetBuiltinFunctionsResponse)
        names = set()
        for function in answer.function:
            path = list(function.name_path)
            names.add(".".join(path))
            if function.options.alias_name:
                names.add(".".join(path[:-1] + [function.options.alias_name]))
        return sorted(name.upper() for name in names if not name.startswith("$"))
