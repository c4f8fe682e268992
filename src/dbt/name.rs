//! The names of rules.

use std::collections::BTreeMap;

/// The longest name of a rule.
const LONGEST: usize = 63;

/// What a rule could be called, the shortest first.
#[derive(Debug, Clone)]
pub(super) struct Names(pub Vec<String>);

/// A name of letters, digits and `_` that begins with a letter.
pub(super) fn snake(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => name.push(c),
            _ if name.ends_with('_') || name.is_empty() => {}
            _ => name.push('_'),
        }
    }
    let name = name.trim_end_matches('_');
    let name = match name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => name.to_owned(),
        false => format!("t_{name}").trim_end_matches('_').to_owned(),
    };
    name.chars().take(LONGEST).collect()
}

/// A name for each, no two alike: the first that no other has as its own, else with a number.
pub(super) fn given(all: &[Names]) -> Vec<String> {
    let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
    for name in all.iter().flat_map(|names| &names.0) {
        *wanted.entry(name).or_default() += 1;
    }
    let mut given: Vec<String> = Vec::new();
    for Names(names) in all {
        let alone = names.iter().find(|name| wanted.get(name.as_str()) == Some(&1));
        let name = alone.or(names.last()).cloned().unwrap_or_default();
        let numbered = (2..).map(|number| {
            let ending = format!("_{number}");
            let start: String = name.chars().take(LONGEST - ending.len()).collect();
            start + &ending
        });
        let mut names = std::iter::once(name.clone()).chain(numbered);
        given.extend(names.find(|name| !given.contains(name)));
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_of_a_rule() {
        for (text, expected) in [
            ("orders", "orders"),
            ("FctOrders-2026.v1", "fctorders_2026_v1"),
            ("2nd_orders", "t_2nd_orders"),
            ("größe", "gr_e"),
            ("__", "t"),
            (&"x".repeat(80), &"x".repeat(63)),
        ] {
            assert_eq!(snake(text), expected);
        }
    }

    #[test]
    fn two_of_one_name_have_their_packages_in_it() {
        let names = |names: &[&str]| Names(names.iter().map(|&name| name.to_owned()).collect());
        let all = [
            names(&["orders", "shop_orders"]),
            names(&["orders", "crm_orders"]),
            names(&["users", "shop_users"]),
            names(&["dates"]),
            names(&["dates"]),
        ];
        assert_eq!(given(&all), ["shop_orders", "crm_orders", "users", "dates", "dates_2"]);
    }
}
