//! `trunkline account`: what an operator gives to an account, or takes from a key. The server may run
//! meanwhile.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use platform::{Account, Tier, email};

use super::{Granted, say};
use crate::{
    assembly,
    clock::wall_now,
    config::{Sources, load},
    random,
    store::{Grant, Store, hash},
};

/// Does it: gives what was asked for, then shows the account.
pub fn run(granted: &Granted, sources: &Sources) -> anyhow::Result<ExitCode> {
    let config = load(sources)?;
    let mut store = assembly::open_store(&config.store)
        .with_context(|| format!("cannot open {}; see `[store]`", config.store))?;
    let address = email(&granted.email).context("write an e-mail address")?;
    let number = match &granted.number {
        Some(number) => Some(number.parse().context("--number")?),
        None => None,
    };
    let tier = match granted.tier.as_deref() {
        Some(name) => Some(Tier::named(name).context("--tier is trial or paid")?),
        None => None,
    };
    let grant = Grant { tier, seconds: granted.seconds, inbound: granted.inbound, number };
    let account = if grant == Grant::default() {
        match store.account_of(&address)? {
            Some(account) => account,
            None => bail!("nobody has linked {address}; give it something to make the account"),
        }
    } else {
        store.grant(&address, &random::call_id()?, &grant, &wall_now())?
    };
    show(&mut store, &account)?;
    Ok(ExitCode::SUCCESS)
}

fn show(store: &mut Store, account: &Account) -> anyhow::Result<()> {
    let number = store.number_of(&account.id)?;
    let number = number.as_ref().map_or("none", |number| number.phone_number.as_str());
    say(format!(
        "account   {}\ne-mail    {}\ntier      {}\nbalance   {} s\ntalked    {} s in {} calls\ninbound   {}\nnumber    {number}",
        account.id,
        account.email.as_deref().unwrap_or("none"),
        account.tier.name(),
        account.balance_seconds,
        account.talk_seconds,
        account.calls_counted,
        if account.inbound { "yes" } else { "no" },
    ));
    Ok(())
}

/// Takes a key away.
pub fn revoke(key: &str, sources: &Sources) -> anyhow::Result<ExitCode> {
    let config = load(sources)?;
    if assembly::open_store(&config.store)?.revoke(&hash(key))? {
        say("the key is good no more");
        return Ok(ExitCode::SUCCESS);
    }
    bail!("there is no such key")
}
