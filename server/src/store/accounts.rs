//! Keys and who is behind them, how accounts want their calls, the numbers they have.

use platform::{Account, Preferences, Profile, ReservedNumber, Tier};

use super::{Row, Store, StoreError};

/// Wrong codes before a code is good no more.
const TRIES_MAX: i64 = 5;
/// Columns of an account, in the order [`account`] reads them.
const ACCOUNT: &str =
    "a.id, a.email, a.tier, a.balance_seconds, a.talk_seconds, a.calls_counted, a.inbound";

/// A key that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    /// Who is behind it.
    pub account: Account,
    /// When it ends: ISO 8601, UTC, ms.
    pub expires_at: Option<String>,
}

/// How an account wants its calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreferencesKept {
    /// All of them.
    pub preferences: Preferences,
    /// Incoming ones.
    pub profile: Option<Profile>,
    /// The number that rings for them.
    pub number: Option<ReservedNumber>,
}

/// What became of a one-time code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeCheck {
    /// It was right: the key is linked to this account now.
    Linked(Account),
    /// Wrong, used, too old, or tried too often.
    Wrong,
}

/// What an operator gives to an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// How it pays from now on.
    pub tier: Option<Tier>,
    /// Added to its balance, in s.
    pub seconds: i64,
    /// Whether it may have incoming calls.
    pub inbound: Option<bool>,
    /// A number of its own.
    pub number: Option<telephony::E164>,
}

fn account(row: &mut Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.text()?,
        email: row.maybe_text(),
        tier: Tier::named(&row.text()?).ok_or(StoreError::Odd("an unknown tier"))?,
        balance_seconds: row.int()?,
        talk_seconds: row.count()?,
        calls_counted: row.count()?,
        inbound: row.int()? != 0,
    })
}

impl Store {
    /// Who is behind a key, by its hash.
    pub fn key(&mut self, hash: &str) -> Result<Option<KeyOwner>, StoreError> {
        let sql = format!(
            "SELECT {ACCOUNT}, k.expires_at FROM keys k JOIN accounts a ON a.id = k.account WHERE k.hash = $1"
        );
        let Some(mut row) = self.one(&sql, &[hash.into()])? else { return Ok(None) };
        Ok(Some(KeyOwner { account: account(&mut row)?, expires_at: row.maybe_text() }))
    }

    /// A new key with an account of its own.
    pub fn add_key(
        &mut self,
        hash: &str,
        account_id: &str,
        now_iso: &str,
        expires_at: Option<&str>,
    ) -> Result<Account, StoreError> {
        self.whole(|store| {
            store.add_account(account_id, None, now_iso)?;
            store.run(
                "INSERT INTO keys (hash, account, created_at, expires_at) VALUES ($1, $2, $3, $4)",
                &[hash.into(), account_id.into(), now_iso.into(), expires_at.into()],
            )?;
            Ok(())
        })?;
        Ok(Account { id: account_id.to_owned(), ..Account::default() })
    }

    fn add_account(
        &mut self,
        id: &str,
        email: Option<&str>,
        now_iso: &str,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO accounts (id, email, tier, balance_seconds, talk_seconds, calls_counted, inbound, \
             preferences, created_at) VALUES ($1, $2, 'trial', 0, 0, 0, 0, '{}', $3)",
            &[id.into(), email.into(), now_iso.into()],
        )?;
        Ok(())
    }

    /// An account by its address.
    pub fn account_of(&mut self, email: &str) -> Result<Option<Account>, StoreError> {
        let sql = format!("SELECT {ACCOUNT} FROM accounts a WHERE a.email = $1");
        self.one(&sql, &[email.into()])?.map(|mut row| account(&mut row)).transpose()
    }

    fn account(&mut self, id: &str) -> Result<Account, StoreError> {
        let sql = format!("SELECT {ACCOUNT} FROM accounts a WHERE a.id = $1");
        let mut row = self.one(&sql, &[id.into()])?.ok_or(StoreError::Missing)?;
        account(&mut row)
    }

    /// Keeps a one-time code that links a key to an address; an older one is forgotten.
    pub fn keep_code(
        &mut self,
        key_hash: &str,
        email: &str,
        code_hash: &str,
        expires_at: &str,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO codes (key_hash, email, code_hash, tries, expires_at) VALUES ($1, $2, $3, 0, $4) \
             ON CONFLICT (key_hash) DO UPDATE SET email = excluded.email, code_hash = excluded.code_hash, \
             tries = 0, expires_at = excluded.expires_at",
            &[key_hash.into(), email.into(), code_hash.into(), expires_at.into()],
        )?;
        Ok(())
    }

    /// Tries a code. When it is right the key belongs to the address's account from now on, with
    /// everything its own account had: what was used stays used.
    pub fn try_code(
        &mut self,
        key_hash: &str,
        code_hash: &str,
        now_iso: &str,
    ) -> Result<CodeCheck, StoreError> {
        self.whole(|store| {
            let tried = store.run(
                "UPDATE codes SET tries = tries + 1 WHERE key_hash = $1 AND tries < $2 AND expires_at > $3",
                &[key_hash.into(), TRIES_MAX.into(), now_iso.into()],
            )?;
            let row = store.one(
                "SELECT email FROM codes WHERE key_hash = $1 AND code_hash = $2",
                &[key_hash.into(), code_hash.into()],
            )?;
            match row {
                Some(mut row) if tried == 1 => {
                    let email = row.text()?;
                    store.run("DELETE FROM codes WHERE key_hash = $1", &[key_hash.into()])?;
                    store.link(key_hash, &email).map(CodeCheck::Linked)
                }
                _ => Ok(CodeCheck::Wrong),
            }
        })
    }

    fn link(&mut self, key_hash: &str, email: &str) -> Result<Account, StoreError> {
        let own = self.key(key_hash)?.ok_or(StoreError::Missing)?.account;
        let there = self.account_of(email)?;
        match there {
            Some(there) if there.id == own.id => Ok(there),
            // An account that has an address keeps it: only this key moves.
            Some(there) if own.is_linked() => {
                self.run(
                    "UPDATE keys SET account = $1 WHERE hash = $2",
                    &[there.id.as_str().into(), key_hash.into()],
                )?;
                Ok(there)
            }
            Some(there) => self.merge(&own, &there.id),
            None => {
                self.run(
                    "UPDATE accounts SET email = $1 WHERE id = $2",
                    &[email.into(), own.id.as_str().into()],
                )?;
                self.account(&own.id)
            }
        }
    }

    fn merge(&mut self, own: &Account, into: &str) -> Result<Account, StoreError> {
        let old = own.id.as_str();
        for table in ["keys", "calls"] {
            let sql = format!("UPDATE {table} SET account = $1 WHERE account = $2");
            self.run(&sql, &[into.into(), old.into()])?;
        }
        self.run(
            "UPDATE accounts SET balance_seconds = balance_seconds + $1, talk_seconds = talk_seconds + $2, \
             calls_counted = calls_counted + $3 WHERE id = $4",
            &[
                own.balance_seconds.into(),
                own.talk_seconds.into(),
                own.calls_counted.into(),
                into.into(),
            ],
        )?;
        self.run("DELETE FROM repeats WHERE account = $1", &[old.into()])?;
        self.run("DELETE FROM accounts WHERE id = $1", &[old.into()])?;
        self.account(into)
    }

    /// How an account wants its calls.
    pub fn preferences(&mut self, account: &str) -> Result<PreferencesKept, StoreError> {
        let row =
            self.one("SELECT preferences, profile FROM accounts WHERE id = $1", &[account.into()])?;
        let mut row = row.ok_or(StoreError::Missing)?;
        let odd = |_| StoreError::Odd("preferences that cannot be read");
        let preferences = serde_json::from_str(&row.text()?).map_err(odd)?;
        let profile = row.maybe_text().map(|text| serde_json::from_str(&text).map_err(odd));
        let number = self.number_of(account)?;
        Ok(PreferencesKept { preferences, profile: profile.transpose()?, number })
    }

    /// Replaces what holds for all calls.
    pub fn set_preferences(
        &mut self,
        account: &str,
        preferences: &Preferences,
    ) -> Result<(), StoreError> {
        let text =
            serde_json::to_string(preferences).map_err(|_| StoreError::Odd("preferences"))?;
        self.run(
            "UPDATE accounts SET preferences = $1 WHERE id = $2",
            &[text.into(), account.into()],
        )?;
        Ok(())
    }

    /// Replaces what holds for incoming calls, or takes it away.
    pub fn set_profile(
        &mut self,
        account: &str,
        profile: Option<&Profile>,
    ) -> Result<(), StoreError> {
        let text = profile.map(serde_json::to_string).transpose();
        let text = text.map_err(|_| StoreError::Odd("a profile"))?;
        self.run("UPDATE accounts SET profile = $1 WHERE id = $2", &[text.into(), account.into()])?;
        Ok(())
    }

    /// An account's own number.
    pub fn number_of(&mut self, account: &str) -> Result<Option<ReservedNumber>, StoreError> {
        let row =
            self.one("SELECT id, number FROM numbers WHERE account = $1", &[account.into()])?;
        row.map(|mut row| {
            let id = row.int()?;
            let number = row.text()?.parse();
            let number = number.map_err(|_| StoreError::Odd("a number that is none"))?;
            Ok(ReservedNumber::new(id, number))
        })
        .transpose()
    }

    /// Whose number this is.
    pub fn owner_of(&mut self, number: &str) -> Result<Option<Account>, StoreError> {
        let sql = format!(
            "SELECT {ACCOUNT} FROM numbers n JOIN accounts a ON a.id = n.account WHERE n.number = $1"
        );
        self.one(&sql, &[number.into()])?.map(|mut row| account(&mut row)).transpose()
    }

    /// Gives an account what an operator wants it to have. The account is made when nobody has the
    /// address yet.
    pub fn grant(
        &mut self,
        email: &str,
        id_if_new: &str,
        grant: &Grant,
        now_iso: &str,
    ) -> Result<Account, StoreError> {
        self.whole(|store| {
            let id = match store.account_of(email)? {
                Some(account) => account.id,
                None => {
                    store.add_account(id_if_new, Some(email), now_iso)?;
                    id_if_new.to_owned()
                }
            };
            let account = store.account(&id)?;
            store.run(
                "UPDATE accounts SET tier = $1, balance_seconds = balance_seconds + $2, inbound = $3 \
                 WHERE id = $4",
                &[
                    grant.tier.unwrap_or(account.tier).name().into(),
                    grant.seconds.into(),
                    grant.inbound.unwrap_or(account.inbound).into(),
                    id.as_str().into(),
                ],
            )?;
            if let Some(number) = &grant.number {
                store.run("DELETE FROM numbers WHERE account = $1", &[id.as_str().into()])?;
                store.run(
                    "INSERT INTO numbers (id, number, account) \
                     SELECT COALESCE(MAX(id), 0) + 1, CAST($1 AS TEXT), CAST($2 AS TEXT) FROM numbers",
                    &[number.as_str().into(), id.as_str().into()],
                )?;
            }
            store.account(&id)
        })
    }

    /// A key is good no more, and its webhook is told nothing more; whether there was one.
    pub fn revoke(&mut self, hash: &str) -> Result<bool, StoreError> {
        self.whole(|store| {
            store.drop_webhook(hash)?;
            Ok(store.run("DELETE FROM keys WHERE hash = $1", &[hash.into()])? > 0)
        })
    }
}
