//! The webhooks of the rule file, validated.

use jiff::SignedDuration;
use toml::Spanned;

use super::document::{Source, WebhookSection};
use super::{Rule, RuleName, WebhookName, validate};
use crate::error::{Error, Kind, Result, did_you_mean};

/// A webhook of the rule file. Its address is a secret and not stored here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its name.
    pub name: WebhookName,
    /// The environment variable with its address.
    pub url_env: String,
    /// Whether its address may be this machine, its network link, or a metadata server.
    pub allow_local: bool,
    /// Whether it is notified of failed runs.
    pub failure: bool,
    /// Whether it is notified of dates without rows.
    pub empty: bool,
    /// It is notified of runs that find more duplicates than this.
    pub duplicates_over: Option<u64>,
    /// It is notified of dates whose rows are still buffered this long after a run first found them buffered.
    pub buffered_for: Option<SignedDuration>,
    /// The rules whose runs it is notified of; `None` means all.
    pub rules: Option<Vec<RuleName>>,
}

impl Webhook {
    /// A webhook that is notified of failures of all rules.
    #[cfg(test)]
    pub(crate) fn fixed(name: &str, url_env: &str) -> Self {
        Self {
            name: WebhookName::parse(name).unwrap(),
            url_env: url_env.to_owned(),
            allow_local: false,
            failure: true,
            empty: false,
            duplicates_over: None,
            buffered_for: None,
            rules: None,
        }
    }

    /// Whether it is notified of runs of this rule.
    pub fn concerns(&self, rule: &RuleName) -> bool {
        self.rules.as_ref().is_none_or(|rules| rules.contains(rule))
    }
}

const FAILURE: &str = "failure";
const DUPLICATES: &str = "duplicates";
const BUFFERED: &str = "buffered";
const EMPTY: &str = "empty";

/// Validates one webhook of a file with these rules.
pub(super) fn read(
    source: &Source,
    name: &Spanned<String>,
    section: &WebhookSection,
    rules: &[Rule],
) -> Result<Webhook> {
    let reader = Reader { source, section };
    let on = |trigger: &str, threshold: bool| reader.on(trigger, threshold);
    reader.refuse_unknown_triggers()?;
    reader.refuse_lonely_thresholds()?;
    Ok(Webhook {
        name: WebhookName::parse(name.get_ref())
            .map_err(|error| error.at(source.place(name.span())))?,
        url_env: reader.url_env()?,
        allow_local: section.allow_local,
        failure: on(FAILURE, true),
        empty: on(EMPTY, false),
        duplicates_over: section.duplicates_over.as_ref().map(|over| *over.get_ref()),
        buffered_for: match &section.buffered_for {
            Some(text) => Some(validate::duration(source, Some(text))?),
            None => None,
        },
        rules: reader.rules(rules)?,
    })
}

struct Reader<'a> {
    source: &'a Source,
    section: &'a WebhookSection,
}

impl Reader<'_> {
    /// Whether this trigger is enabled; by default, if its threshold is set.
    fn on(&self, trigger: &str, threshold: bool) -> bool {
        match &self.section.on {
            Some(on) => on.get_ref().iter().any(|word| word.get_ref() == trigger),
            None => threshold,
        }
    }

    fn refuse_unknown_triggers(&self) -> Result<()> {
        let Some(on) = &self.section.on else { return Ok(()) };
        let known = [FAILURE, DUPLICATES, BUFFERED, EMPTY];
        if on.get_ref().is_empty() {
            return Err(self
                .source
                .error(on, "`on` is empty: the webhook would never be called")
                .help("list its events: failure, duplicates, buffered, empty"));
        }
        match on.get_ref().iter().find(|word| !known.contains(&word.get_ref().as_str())) {
            Some(word) => {
                let message = format!("there is no event `{}`", word.get_ref().escape_debug());
                Err(self.source.error(word, message).help(did_you_mean(word.get_ref(), known)))
            }
            None => Ok(()),
        }
    }

    /// Refuses a trigger without its threshold, and a threshold without its trigger.
    fn refuse_lonely_thresholds(&self) -> Result<()> {
        let Some(on) = &self.section.on else { return Ok(()) };
        let section = self.section;
        let thresholds = [
            (
                DUPLICATES,
                "duplicates_over",
                "duplicates_over = 1000",
                section.duplicates_over.as_ref().map(Spanned::span),
            ),
            (
                BUFFERED,
                "buffered_for",
                "buffered_for = \"3h\"",
                section.buffered_for.as_ref().map(Spanned::span),
            ),
        ];
        for (trigger, key, example, given) in thresholds {
            let word = on.get_ref().iter().find(|word| word.get_ref() == trigger);
            match (word, given) {
                (Some(word), None) => {
                    let message = format!("`on` has {trigger}, and there is no `{key}`");
                    return Err(self
                        .source
                        .error(word, message)
                        .help(format!("set the threshold: `{example}`")));
                }
                (None, Some(range)) => {
                    let message = format!("`{key}` has no effect: `on` does not have {trigger}");
                    return Err(Error::new(Kind::RuleFile, message)
                        .at(self.source.place(range))
                        .help(format!("add \"{trigger}\" to `on`, or remove `{key}`")));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The variable's name. If it is an address instead, the message hides it.
    fn url_env(&self) -> Result<String> {
        let name = &self.section.url_env;
        let text = name.get_ref();
        let good = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match good {
            true => Ok(text.clone()),
            false => Err(Error::new(
                Kind::RuleFile,
                "`url_env` is not the name of an environment variable",
            )
            .at(self.source.hiding(name.span()))
            .help("the address is a secret: put it into a variable, and its name here, such as ONEROW_SLACK_URL")),
        }
    }

    fn rules(&self, known: &[Rule]) -> Result<Option<Vec<RuleName>>> {
        let Some(names) = &self.section.rules else { return Ok(None) };
        if names.get_ref().is_empty() {
            return Err(self
                .source
                .error(names, "`rules` is empty: the webhook would never be called")
                .help("name rules, or remove `rules` to mean all of them"));
        }
        let rule = |name: &Spanned<String>| {
            let rule = known.iter().find(|rule| rule.name.as_str() == name.get_ref());
            rule.map(|rule| rule.name.clone()).ok_or_else(|| {
                let message = format!("there is no rule `{}`", name.get_ref().escape_debug());
                let known = known.iter().map(|rule| rule.name.as_str());
                self.source.error(name, message).help(did_you_mean(name.get_ref(), known))
            })
        };
        names.get_ref().iter().map(rule).collect::<Result<_>>().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RuleFile;

    fn read(keys: &str) -> Result<Webhook> {
        read_as("ops", keys)
    }

    fn read_as(name: &str, keys: &str) -> Result<Webhook> {
        let rule = |name: &str| {
            format!(
                "[rule.{name}]\ntable = \"a.b\"\npartition = \"d\"\nkey = [\"k\"]\nkeep = [\"id\"]\n\
                 row_id = \"id\"\nactive = \"a\"\n"
            )
        };
        let text = format!("[webhook.{name}]\n{keys}\n{}{}", rule("events"), rule("visits"));
        RuleFile::parse("onerow.toml", &text).map(|file| file.webhooks[0].clone())
    }

    #[test]
    fn a_local_address_is_allowed_by_the_rule_file_alone() {
        assert!(!read(LEAST).unwrap().allow_local);
        assert!(read(&format!("{LEAST}\nallow_local = true")).unwrap().allow_local);
    }

    const LEAST: &str = "url_env = \"OPS_URL\"";

    #[test]
    fn without_on_it_is_told_of_failures_and_of_what_has_a_threshold() {
        let least = read(LEAST).unwrap();
        assert!(least.failure && least.rules.is_none());
        assert_eq!((least.duplicates_over, least.buffered_for), (None, None));
        let all = read(&format!("{LEAST}\nduplicates_over = 0\nbuffered_for = \"3h\"")).unwrap();
        assert!(all.failure);
        assert_eq!(all.duplicates_over, Some(0));
        assert_eq!(all.buffered_for, Some(SignedDuration::from_hours(3)));
    }

    #[test]
    fn with_on_it_is_told_of_what_is_in_it_for_the_rules_that_are_named() {
        let keys = "on = [\"duplicates\"]\nduplicates_over = 5\nrules = [\"visits\"]";
        let webhook = read(&format!("{LEAST}\n{keys}")).unwrap();
        assert!(!webhook.failure);
        assert!(webhook.concerns(&RuleName::parse("visits").unwrap()));
        assert!(!webhook.concerns(&RuleName::parse("events").unwrap()));
    }

    #[test]
    fn a_mistake_is_named_with_its_place_and_a_way_out() {
        for (keys, message, way_out) in [
            ("on = []", "`url_env`", ""),
            ("url_evn = \"A\"", "unknown key `url_evn` in [webhook.ops]", "`url_env`"),
            ("url_env = \"A\"\non = [\"failur\"]", "no event `failur`", "did you mean `failure`?"),
            ("url_env = \"A\"\non = []", "`on` is empty", "failure, duplicates, buffered"),
            (
                "url_env = \"A\"\non = [\"duplicates\"]",
                "no `duplicates_over`",
                "duplicates_over = 1000",
            ),
            ("url_env = \"A\"\non = [\"buffered\"]", "no `buffered_for`", "\"3h\""),
            (
                "url_env = \"A\"\non = [\"failure\"]\nbuffered_for = \"3h\"",
                "has no effect",
                "remove `buffered_for`",
            ),
            ("url_env = \"A\"\nbuffered_for = \"soon\"", "`soon` is not a duration", "90m"),
            ("url_env = \"A\"\nduplicates_over = -1", "-1", ""),
            (
                "url_env = \"A\"\nrules = [\"event\"]",
                "there is no rule `event`",
                "did you mean `events`?",
            ),
            ("url_env = \"A\"\nrules = []", "`rules` is empty", "remove `rules`"),
        ] {
            let error = read(keys).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            let text = error.to_string();
            assert!(text.contains(message) && text.contains(way_out), "{keys}: {text}");
            assert!(error.place().is_some(), "{keys}: {text}");
        }
        let error = read_as("\"<!channel>\"", LEAST).unwrap_err().to_string();
        assert!(error.contains("`<!channel>` is not a webhook name"), "{error}");
    }

    #[test]
    fn an_address_in_the_file_is_not_repeated() {
        for keys in [
            "url_env = \"https://hooks.example/T0/SECRET\"",
            "url_env = \"hooks.example/T0/SECRET\"",
            "url = \"https://hooks.example/T0/SECRET\"",
            "url = \"hooks.example/T0/SECRET\"",
            "url_env = [\"https://hooks.example/T0/SECRET\"]",
            "url_env = \"A\"\nduplicates_over = \"https://hooks.example/T0/SECRET\"",
            "url_env = \"https://hooks.example/T0/SECRET",
        ] {
            let error = read(keys).unwrap_err();
            let report = error.render(&annotate_snippets::Renderer::plain());
            assert!(!report.contains("SECRET"), "{report}");
            assert!(report.contains("onerow.toml:"), "{report}");
        }
    }
}
