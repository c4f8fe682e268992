//! Rule files and variables: each place for a text gets hostile ones, for every step of every strategy.

use onerow::error::{Kind, Result};
use onerow::googlesql::Ident;
use onerow::rule::{RuleFile, VarArg};
use onerow::template::{Renderer, Template, Templates};
use onerow::window::{Day, Window};
use proptest::prelude::*;

use super::hostile::{hostile, toml};
use super::tree::{parsed, without_expression, without_strings};
use crate::common::part;

const STRATEGIES: [&str; 3] = ["deactivate", "delete", "rewrite"];

/// Where a rule file has a name: the marker stands in the rules below, and nowhere else in them.
const NAMES: [&str; 14] = [
    "rule_name",
    "set.table_name",
    "set.view_name",
    "date_column",
    "key_column",
    "keep_column",
    "id_column",
    "active_column",
    "touched_column",
    "written_column",
    "set.staging_name",
    "other_column",
    "set.ledger_name",
    "warehouse_name",
];

fn rules(strategy: &str) -> String {
    let touched = if strategy == "deactivate" { "touched_at = \"touched_column\"" } else { "" };
    format!(
        r#"
[warehouse."warehouse_name"]
type = "bigquery"
project = "some-project"
ledger = "set.ledger_name"

[rule."rule_name"]
table = "set.table_name"
view = "set.view_name"
partition = "date_column"
key = ["key_column", "CONCAT(key_column, 'key_literal')"]
keep = ["keep_column DESC", "id_column DESC"]
row_id = "id_column"
strategy = "{strategy}"
active = "active_column"
{touched}
written_at = "written_column"

[rule."rule_name".staging]
tables = ["set.staging_name"]
untouched = ["other_column"]

[rule."rule_name".columns]
"id_column" = "STRING"
"date_column" = "DATE"
"key_column" = "STRING"
"keep_column" = "TIMESTAMP"
"active_column" = "BOOL"
"touched_column" = "TIMESTAMP"
"written_column" = "TIMESTAMP"
"other_column" = "STRING"

[rule."rule_name".vars]
text = "var_literal"
list = ["var_literal", "b"]
"#
    )
}

const OWN: &str = "SELECT {{ vars.text }} AS a, {{ vars.text ~ 'x' }} AS b, {{ vars.list }} AS c,\n  \
    key_column IN ({{ vars.list | commas }}) AS d, {{ vars.list | join('-') }} AS e,\n  \
    {{ vars.text | upper }} AS f, {{ rule.name }} AS g, {{ vars.text | replace('zz', rule.row_id) }} AS h,\n  \
    {{ vars.list | first }} AS i, {{ vars.text | trim }} AS j\nFROM {{ rule.table }}\nWHERE {{ window.filter }}\n";

/// Every statement there is a template for.
fn rendered(rules: &str, vars: &[VarArg]) -> Result<Vec<String>> {
    let file = RuleFile::parse("onerow.toml", rules)?;
    let own = Template { path: "sql/own.sql".into(), text: OWN.into() };
    let templates = Templates::shipped().with(None, "own.sql", own);
    let log = file.warehouses[0].removal_log();
    let renderer = Renderer::new(&file.rules[0], &templates, vars)?.with_removals(log);
    let window = Window::day(Day::parse("2026-01-28")?);
    let mut texts = Vec::new();
    for step in renderer.steps() {
        texts.extend(renderer.render(&step, &window)?.into_iter().map(|statement| statement.sql));
    }
    Ok(texts)
}

fn harmless(strategy: &str) -> Vec<String> {
    let texts = rendered(&rules(strategy), &[]).unwrap();
    assert!(texts.len() >= 15, "all shipped steps of a rule with staging tables");
    assert!(texts.iter().any(|text| text.contains("set.staging_name") && text.contains("\nMERGE")));
    texts
}

/// The trees differ in string literals alone, each of which was the marker or made from it.
fn differs_in_strings_alone(harmless: &str, given: &str, marker: &str) {
    let ((one, strings), (other, given)) = (without_strings(harmless), without_strings(given));
    assert_eq!(one, other);
    assert_eq!(strings.len(), given.len());
    for (harmless, given) in strings.iter().zip(&given) {
        let made = harmless.to_lowercase().contains(marker);
        assert!(made || harmless == given, "{harmless:?} became {given:?}");
    }
}

proptest! {
    #![proptest_config(part::properties(48, 8))]

    #[test]
    fn a_name_is_a_name_or_refused(text in hostile(), which in 0..NAMES.len(), strategy in 0..3_usize) {
        let (name, strategy) = (NAMES[which], STRATEGIES[strategy]);
        let given = match name.split_once('.') {
            Some((set, _)) if !text.contains('.') => format!("{set}.{text}"),
            _ => text.clone(),
        };
        let column = Ident::parse(&given).ok().filter(|_| name.ends_with("_column"));
        let sql = column.as_ref().map_or_else(|| given.clone(), Ident::to_string);
        let quoted = rules(strategy).replace(&format!("\"{name}\""), &toml(&given));
        // A column is also part of an expression, where the text has to be one.
        let entry = |text: &str| toml(text)[1..].to_owned();
        let rules = quoted
            .replace(&format!("{name} DESC\""), &entry(&format!("{sql} DESC")))
            .replace("CONCAT(key_column, 'key_literal')\"", &match name {
                "key_column" => entry(&format!("CONCAT({sql}, 'key_literal')")),
                _ => entry("CONCAT(key_column, 'key_literal')"),
            });
        // A key that is no column is none when it is quoted either.
        let rules = rules.replace(&format!("key = [{}", toml(&given)), &format!("key = [{}", toml(&sql)));
        match rendered(&rules, &[]) {
            Err(error) => prop_assert_eq!(error.kind(), Kind::RuleFile, "{}", error),
            Ok(texts) => {
                for (one, other) in harmless(strategy).iter().zip(&texts) {
                    // A word of the statement itself cannot be told from the name.
                    prop_assume!(!one.contains(&sql));
                    let as_marker = other.replace(&sql, name);
                    prop_assert_eq!(parsed(one).to_string(), parsed(&as_marker).to_string());
                }
                let good = |c: char| c.is_alphanumeric() || "_-.".contains(c);
                let good = column.is_some() || given.chars().all(good);
                prop_assert!(good, "{:?} is taken as {}", given, name);
            }
        }
    }

    #[test]
    fn a_variable_of_the_rule_file_is_data(text in hostile(), strategy in 0..3_usize) {
        let strategy = STRATEGIES[strategy];
        let rules = rules(strategy).replace("\"var_literal\"", &toml(&text));
        let texts = rendered(&rules, &[]).unwrap();
        for (one, other) in harmless(strategy).iter().zip(&texts) {
            differs_in_strings_alone(one, other, "var_literal");
        }
    }

    #[test]
    fn a_variable_of_the_command_line_is_data(text in hostile()) {
        let var = |text: &str| vec![format!("text={text}").parse::<VarArg>().unwrap()];
        let rules = rules("deactivate");
        let texts = rendered(&rules, &var(&text)).unwrap();
        for (one, other) in rendered(&rules, &var("var_literal")).unwrap().iter().zip(&texts) {
            differs_in_strings_alone(one, other, "var_literal");
        }
    }

    #[test]
    fn a_key_stays_one_expression_at_its_place_or_is_refused(text in hostile(), quote in 0..5_usize, strategy in 0..3_usize) {
        let quote = ["'", "\"", "'''", "r'", ""][quote];
        let end = quote.trim_start_matches('r');
        let strategy = STRATEGIES[strategy];
        let expression = match quote {
            "" => text.clone(),
            _ => format!("CONCAT(key_column, {quote}{text}{end})"),
        };
        let plain = |rules: String| rules.replace("tables = [\"set.staging_name\"]", "tables = [\"set.staging_name\"]\ncolumns = []");
        let given = plain(rules(strategy)).replace("\"CONCAT(key_column, 'key_literal')\"", &toml(&expression));
        match rendered(&given, &[]) {
            Err(error) => prop_assert_eq!(error.kind(), Kind::RuleFile, "{}", error),
            Ok(texts) => {
                let harmless = rendered(&plain(rules(strategy)), &[]).unwrap();
                for (one, other) in harmless.iter().zip(&texts) {
                    let one = without_expression(one, "CONCAT(key_column, 'key_literal')");
                    prop_assert_eq!(one, without_expression(other, &expression));
                }
            }
        }
    }
}

/// What looks like a comment, an operator, a literal or the end of one is in backquotes a name like any other.
#[test]
fn a_flexible_name_of_a_column_is_one_at_each_of_its_places() {
    let columns = NAMES.iter().filter(|name| name.ends_with("_column"));
    let all = columns.flat_map(|name| STRATEGIES.map(|strategy| (name, strategy)));
    for (name, strategy) in part::of(all, 4) {
        for given in
            ["a -- b", "# c", "x' OR '1'='1", "<b>evil", "x|evil|y", "-", "'", "größe", "1 = 1"]
        {
            let rules = rules(strategy)
                .replace(&format!("\"{name}\""), &toml(given))
                .replace(&format!("key = [{}", toml(given)), &format!("key = [\"`{given}`\""))
                .replace(&format!("{name} DESC"), &format!("`{given}` DESC"))
                .replace(&format!("CONCAT({name}"), &format!("CONCAT(`{given}`"));
            let texts = rendered(&rules, &[]).unwrap();
            for (one, other) in harmless(strategy).iter().zip(&texts) {
                let as_marker = other.replace(&format!("`{given}`"), name);
                assert_eq!(*one, as_marker);
                assert_eq!(
                    parsed(one).to_string(),
                    parsed(other).to_string().replace(&format!("`{given}`"), name)
                );
            }
        }
    }
}

#[test]
fn each_place_of_a_name_is_one() {
    for strategy in STRATEGIES {
        let rules = rules(strategy);
        for name in
            NAMES.iter().filter(|name| **name != "touched_column" || strategy == "deactivate")
        {
            assert!(rules.contains(&format!("\"{name}\"")), "{name}");
        }
        harmless(strategy);
    }
}
