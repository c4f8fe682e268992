//! `onerow serve`

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap_complete::engine::ArgValueCompleter;

use super::common::ProjectArgs;
use super::{Effects, Outcome, completions};
use crate::error::{Error, Kind, Result};
use crate::notify;
use crate::serve::{GOOGLE_KEYS, Keys, OidcSettings, Right, Settings, Stopped, serve};

/// Run the HTTP service: the clean-up for schedulers, and status pages
#[derive(clap::Args)]
#[command(after_help = "\
Keys come from the environment (ONEROW_APPLY_KEYS, ONEROW_READ_KEYS: separated by commas or spaces)
or from files (one a line), as text or as sha256:HEX. Without any, it serves localhost only.

Examples:
  onerow serve
  ONEROW_APPLY_KEYS=$(openssl rand -base64 32) onerow serve --listen 0.0.0.0:8080 --warehouse prod
  onerow serve orders --apply-keys /run/secrets/apply --read-keys /run/secrets/read")]
pub(super) struct Args {
    /// The rule of requests that name none; may be left out where there is only one
    #[arg(value_name = "RULE", add = ArgValueCompleter::new(completions::rules))]
    rule: Option<String>,
    /// Where to listen; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:8080",
        env = "ONEROW_LISTEN",
        hide_env_values = true
    )]
    listen: SocketAddr,
    /// A file of keys that may apply
    #[arg(long, value_name = "FILE")]
    apply_keys: Option<PathBuf>,
    /// A file of keys that may only look and dry-run
    #[arg(long, value_name = "FILE")]
    read_keys: Option<PathBuf>,
    /// Take tokens that Google signed for this audience: the service's address
    #[arg(long, value_name = "URL", env = "ONEROW_OIDC_AUDIENCE", hide_env_values = true)]
    oidc_audience: Option<String>,
    /// An account whose tokens may apply, by its e-mail address; repeatable
    #[arg(
        long,
        value_name = "EMAIL",
        env = "ONEROW_OIDC_APPLY",
        hide_env_values = true,
        value_delimiter = ',',
        requires = "oidc_audience"
    )]
    oidc_apply: Vec<String>,
    /// An account whose tokens may only look and dry-run; repeatable
    #[arg(
        long,
        value_name = "EMAIL",
        env = "ONEROW_OIDC_READ",
        hide_env_values = true,
        value_delimiter = ',',
        requires = "oidc_audience"
    )]
    oidc_read: Vec<String>,
    /// Where the keys are that sign tokens
    #[arg(
        long,
        value_name = "URL",
        env = "ONEROW_OIDC_KEYS_URL",
        hide_env_values = true,
        default_value = GOOGLE_KEYS
    )]
    oidc_keys_url: String,
    /// How long a request waits for its run, which goes on after that
    #[arg(long, value_name = "DURATION", value_parser = super::apply::duration, default_value = "25m")]
    answer_within: Duration,
    /// Let runs delete rows, where a rule's strategy deletes rows
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let engine = args.project.engine(effects)?;
    let file = &engine.project().file;
    let default_rule = match (&args.rule, file.rules.as_slice()) {
        (Some(name), _) => Some(file.rule(name)?.name.clone()),
        (None, [only]) => Some(only.name.clone()),
        (None, _) => None,
    };
    let rules = file.rules.iter().map(|rule| &rule.name);
    let env = |name: &str| std::env::var_os(name);
    let channels = notify::channels(&file.webhooks, rules, &env)?;
    let settings = Settings {
        listen: args.listen,
        keys: keys(args)?,
        oidc: oidc(args)?,
        answer_within: args.answer_within,
        channels,
        host: effects.who.rsplit('@').next().unwrap_or_default().to_owned(),
        default_rule,
        may_delete: args.yes,
    };
    let ended = serve(settings, engine, effects.log())?;
    Ok(match ended {
        Stopped::Complete => Outcome::Done,
        Stopped::HandedOver => Outcome::Interrupted,
    })
}

fn oidc(args: &Args) -> Result<Option<OidcSettings>> {
    let Some(audience) = &args.oidc_audience else { return Ok(None) };
    let apply = args.oidc_apply.iter().map(|email| (email.clone(), Right::Apply));
    let read = args.oidc_read.iter().map(|email| (email.clone(), Right::Read));
    let accounts: Vec<_> = apply.chain(read).collect();
    if accounts.is_empty() {
        return Err(Error::new(
            Kind::Service,
            "--oidc-audience is given, but no account is allowed",
        )
        .help("name accounts with --oidc-apply EMAIL or --oidc-read EMAIL"));
    }
    Ok(Some(OidcSettings {
        audience: audience.clone(),
        accounts,
        keys_url: args.oidc_keys_url.clone(),
    }))
}

fn keys(args: &Args) -> Result<Keys> {
    let mut keys = Keys::default();
    for (variable, file, right) in [
        ("ONEROW_APPLY_KEYS", &args.apply_keys, Right::Apply),
        ("ONEROW_READ_KEYS", &args.read_keys, Right::Read),
    ] {
        if let Some(list) = std::env::var_os(variable) {
            add(&mut keys, &list, right)
                .map_err(|error| error.while_doing(format!("reading {variable}")))?;
        }
        if let Some(file) = file {
            keys.add_file(file, right)?;
        }
    }
    Ok(keys)
}

fn add(keys: &mut Keys, list: &OsStr, right: Right) -> Result<()> {
    let list = list.to_str().ok_or_else(|| {
        Error::new(Kind::Service, "a key has characters other than visible ASCII")
    })?;
    keys.add_list(list, right)
}
