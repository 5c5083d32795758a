//! A key becomes an account's: whoever reads the address's mail has the one-time code.

use platform::{Account, Code, Fault, email};

use super::{Asker, Desk, Visitor};
use crate::{
    clock::{wall_after, wall_now},
    random,
    store::{self, CodeCheck},
};

/// How long a code is good, in s.
const CODE_SECONDS: i64 = 600;

impl Desk {
    /// The key a link carries.
    ///
    /// # Errors
    /// `invalid_token`.
    pub async fn linkable(&self, token: &str) -> Result<Asker, Fault> {
        let asker = self.asker(token).await.map_err(|fault| match fault.code {
            Code::InvalidApiKey => {
                Code::InvalidToken.because("this link does not work: its key is not known here")
            }
            _ => fault,
        })?;
        self.count_key(&asker)?;
        Ok(asker)
    }

    /// Sends a code to an address.
    ///
    /// # Errors
    /// `missing_fields` for no address, `invalid_token`, `rate_limited`.
    pub async fn send_code(
        &self,
        visitor: &Visitor,
        token: &str,
        address: &str,
    ) -> Result<String, Fault> {
        let asker = self.linkable(token).await?;
        let no_address = || Code::MissingFields.because("write an e-mail address");
        let address = email(address).ok_or_else(no_address)?;
        for name in [&visitor.address, &address, &asker.account.id] {
            self.limit(|books| (&mut books.codes, name), "codes")?;
        }
        let random = random::bytes::<8>();
        let random = random.map_err(|e| Code::StorageUnavailable.because(e.to_string()))?;
        let code = format!("{:06}", u64::from_le_bytes(random) % 1_000_000);
        let (hash, kept, to) = (asker.hash.clone(), sealed(&asker.hash, &code), address.clone());
        let keep = move |store: &mut store::Store| {
            store.keep_code(&hash, &to, &kept, &wall_after(CODE_SECONDS))
        };
        self.ledger().ask(keep).await?;
        self.setup.codes.send(&address, &code);
        Ok(address)
    }

    /// Tries a code.
    ///
    /// # Errors
    /// `invalid_token` for a wrong code, one that is too old, or has been tried too often.
    pub async fn try_code(&self, token: &str, code: &str) -> Result<Account, Fault> {
        let asker = self.linkable(token).await?;
        let digits: String = code.chars().filter(char::is_ascii_digit).take(7).collect();
        let (hash, kept) = (asker.hash.clone(), sealed(&asker.hash, &digits));
        let tried = move |store: &mut store::Store| store.try_code(&hash, &kept, &wall_now());
        match self.ledger().ask(tried).await? {
            CodeCheck::Linked(account) => Ok(account),
            CodeCheck::Wrong => {
                Err(Code::InvalidToken
                    .because("this code is wrong or too old; have another one sent"))
            }
        }
    }
}

/// What is kept of a code: good for this key alone.
fn sealed(key_hash: &str, code: &str) -> String {
    store::hash(&format!("{key_hash}:{code}"))
}
