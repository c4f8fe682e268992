#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| onerow::fuzzed::run("dbt_manifest", input));
