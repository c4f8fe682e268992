//! The names of GoogleSQL's functions.

use std::sync::LazyLock;

/// The functions of Google's open catalog, one per line.
const CATALOG: &str = include_str!("functions.txt");

/// Functions of BigQuery that the open catalog lacks.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all>
const BIGQUERY: [&str; 91] = [
    "APPENDS",
    "BAG_OF_WORDS",
    "CHANGES",
    "COLLATE",
    "CONTAINS_SUBSTR",
    "CURRENT_ROLE",
    "CURRENT_USER",
    "DLP_DETERMINISTIC_DECRYPT",
    "DLP_DETERMINISTIC_ENCRYPT",
    "DLP_KEY_CHAIN",
    "EXTERNAL_OBJECT_TRANSFORM",
    "EXTERNAL_QUERY",
    "GAP_FILL",
    "MAX_BY",
    "MIN_BY",
    "OBJECTREF_TO_JSON",
    "RANGE_SESSIONIZE",
    "S2_CELLIDFROMPOINT",
    "S2_COVERINGCELLIDS",
    "SEARCH",
    "ST_ANGLE",
    "ST_AREA",
    "ST_ASBINARY",
    "ST_ASGEOJSON",
    "ST_ASTEXT",
    "ST_AZIMUTH",
    "ST_BOUNDARY",
    "ST_BOUNDINGBOX",
    "ST_BUFFER",
    "ST_BUFFERWITHTOLERANCE",
    "ST_CENTROID",
    "ST_CENTROID_AGG",
    "ST_CLOSESTPOINT",
    "ST_CLUSTERDBSCAN",
    "ST_CONTAINS",
    "ST_CONVEXHULL",
    "ST_COVEREDBY",
    "ST_COVERS",
    "ST_DIFFERENCE",
    "ST_DIMENSION",
    "ST_DISJOINT",
    "ST_DISTANCE",
    "ST_DUMP",
    "ST_DWITHIN",
    "ST_ENDPOINT",
    "ST_EQUALS",
    "ST_EXTENT",
    "ST_EXTERIORRING",
    "ST_GEOGFROM",
    "ST_GEOGFROMGEOJSON",
    "ST_GEOGFROMTEXT",
    "ST_GEOGFROMWKB",
    "ST_GEOGPOINT",
    "ST_GEOGPOINTFROMGEOHASH",
    "ST_GEOHASH",
    "ST_GEOMETRYTYPE",
    "ST_HAUSDORFFDISTANCE",
    "ST_HAUSDORFFDWITHIN",
    "ST_INTERIORRINGS",
    "ST_INTERSECTION",
    "ST_INTERSECTS",
    "ST_INTERSECTSBOX",
    "ST_ISCLOSED",
    "ST_ISCOLLECTION",
    "ST_ISEMPTY",
    "ST_ISRING",
    "ST_LENGTH",
    "ST_LINEINTERPOLATEPOINT",
    "ST_LINELOCATEPOINT",
    "ST_LINESUBSTRING",
    "ST_MAKELINE",
    "ST_MAKEPOLYGON",
    "ST_MAKEPOLYGONORIENTED",
    "ST_MAXDISTANCE",
    "ST_NPOINTS",
    "ST_NUMGEOMETRIES",
    "ST_NUMPOINTS",
    "ST_PERIMETER",
    "ST_POINTN",
    "ST_SIMPLIFY",
    "ST_SNAPTOGRID",
    "ST_STARTPOINT",
    "ST_TOUCHES",
    "ST_UNION",
    "ST_UNION_AGG",
    "ST_WITHIN",
    "ST_X",
    "ST_Y",
    "TEXT_ANALYZE",
    "TF_IDF",
    "VECTOR_SEARCH",
];

const AGGREGATES: [&str; 40] = [
    "ANY_VALUE",
    "APPROX_COUNT_DISTINCT",
    "APPROX_QUANTILES",
    "APPROX_TOP_COUNT",
    "APPROX_TOP_SUM",
    "ARRAY_AGG",
    "ARRAY_CONCAT_AGG",
    "AVG",
    "BIT_AND",
    "BIT_OR",
    "BIT_XOR",
    "CORR",
    "COUNT",
    "COUNTIF",
    "COVAR_POP",
    "COVAR_SAMP",
    "GROUPING",
    "HLL_COUNT.INIT",
    "HLL_COUNT.MERGE",
    "HLL_COUNT.MERGE_PARTIAL",
    "KLL_QUANTILES.INIT_FLOAT64",
    "KLL_QUANTILES.INIT_INT64",
    "KLL_QUANTILES.MERGE_FLOAT64",
    "KLL_QUANTILES.MERGE_INT64",
    "LOGICAL_AND",
    "LOGICAL_OR",
    "MAX",
    "MAX_BY",
    "MIN",
    "MIN_BY",
    "STDDEV",
    "STDDEV_POP",
    "STDDEV_SAMP",
    "STRING_AGG",
    "ST_CENTROID_AGG",
    "ST_EXTENT",
    "ST_UNION_AGG",
    "SUM",
    "VAR_POP",
    "VAR_SAMP",
];

/// Keywords that are written like functions.
const WORDS: [&str; 14] = [
    "ALL",
    "ANY",
    "ARRAY",
    "CUBE",
    "GROUPING",
    "KEY",
    "OFFSET",
    "ORDINAL",
    "ROLLUP",
    "SAFE_OFFSET",
    "SAFE_ORDINAL",
    "STRUCT",
    "UNNEST",
    "WEEK",
];

/// Whether GoogleSQL may have a function of this name. Dotted names are a project's own functions, or belong
/// to groups that grow (`ML.`, `AI.`, `NET.`), as do the geographic functions.
pub fn may_be_function(name: &str) -> bool {
    name.contains('.')
        || ["ST_", "S2_"].iter().any(|prefix| starts_with(name, prefix))
        || is_function(name)
}

/// Whether GoogleSQL certainly has a function of this name, with or without `SAFE.`. False for names in `ML.`
/// and `AI.`, whose behaviour depends on a model.
pub fn is_function(name: &str) -> bool {
    // The file is sorted.
    static KNOWN: LazyLock<Vec<&str>> = LazyLock::new(|| CATALOG.lines().collect());
    let name = name.to_ascii_uppercase();
    let name = name.strip_prefix("SAFE.").unwrap_or(&name);
    KNOWN.binary_search(&name).is_ok() || BIGQUERY.contains(&name) || WORDS.contains(&name)
}

/// Whether this is an aggregate function, which makes one value of several rows.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions>
pub fn is_aggregate(name: &str) -> bool {
    AGGREGATES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// The functions of the catalog that have plain names.
pub(crate) fn plain() -> impl Iterator<Item = &'static str> {
    CATALOG.lines().filter(|name| !name.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_catalog_is_found() {
        assert!(CATALOG.lines().is_sorted());
        for name in CATALOG.lines().chain(BIGQUERY).chain(WORDS) {
            assert!(is_function(&name.to_ascii_lowercase()), "{name}");
        }
        assert!(!may_be_function("NVL"));
        assert!(AGGREGATES.iter().all(|name| is_function(name)));
        assert!(is_aggregate("max") && !is_aggregate("GREATEST"));
    }

    #[test]
    fn a_name_that_could_be_a_routine_is_no_function_for_certain() {
        for function in ["SAFE.SUBSTR", "safe.net.host", "NET.HOST", "st_area", "HLL_COUNT.INIT"] {
            assert!(is_function(function) && may_be_function(function), "{function}");
        }
        for other in ["ops.f", "ML.PREDICT", "AI.GENERATE", "net.fetch", "ST_MINE", "SAFE.F"] {
            assert!(!is_function(other) && may_be_function(other), "{other}");
        }
        assert!(!is_function("SAFE.SAFE.SUBSTR") && !is_function("") && !is_function("SAFE."));
    }
}
