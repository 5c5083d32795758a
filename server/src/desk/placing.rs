//! Placing a call: from the request's body to the call that is dialled after the answer has left.
//! What refuses comes before what costs: a refused call leaves nothing, not even a key.

use platform::{Account, CallRequest, Code, Fault, KEY_PREFIX, Tier};
use telephony::{Direction, E164};

use super::{Asker, Desk, NotPlaced, Visitor};
use crate::{
    clock::{wall_after, wall_now},
    exchange::{Placement, Refusal, Slot},
    random,
    store::{self, Ledger, NewCall, Opened, PreferencesKept, Repeat},
};

/// How long a request's own name is remembered, in s.
const REPEAT_SECONDS: i64 = 24 * 3600;
/// Longest name of a request, in bytes.
pub(crate) const REPEAT_BYTES_MAX: usize = 255;
/// A paid call may last at least this long, in s, so that a good-bye fits in.
const TALK_SECONDS_MIN: u64 = 30;

/// A call that was placed, now or by the same request before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its id.
    pub call_id: String,
    /// Whose.
    pub account: Account,
    /// The key that was made for it: told once.
    pub new_key: Option<String>,
}

impl Desk {
    /// Places a call for whoever asks, or for a new key when nobody is named.
    pub async fn place(
        &self,
        visitor: &Visitor,
        asker: Option<Asker>,
        body: &[u8],
        repeat: Option<String>,
    ) -> Result<Placed, NotPlaced> {
        let rules = self.rules();
        let request = CallRequest::from_json(body, &rules.destinations)?;
        let own = asker.as_ref().map(|asker| asker.account.clone());
        let repeat = repeat.map(|name| Repeat {
            whose: own.as_ref().map_or_else(|| visitor.address.clone(), |own| own.id.clone()),
            name,
            request: store::hash(&String::from_utf8_lossy(body)),
            since_iso: wall_after(-REPEAT_SECONDS),
        });
        let _one_at_a_time = self.placing.lock().await;
        if let Some(repeat) = repeat.clone()
            && let Some(opened) = self.before(repeat).await?
        {
            return Ok(again(opened, own)?);
        }
        rules.quiet.admits(self.minute_of_day())?;
        if let Some(asker) = &asker {
            self.may_place(visitor, asker)?;
        }
        self.exchange.can_dial()?;
        let slot = self.exchange.slot()?;
        let (asker, kept, new_key) = match asker {
            Some(asker) => {
                let of = asker.account.id.clone();
                let kept = self.ledger().ask(move |store| store.preferences(&of)).await;
                (asker, kept.map_err(Fault::from)?, None)
            }
            None => {
                let asker = self.new_asker(visitor)?;
                let key = asker.key.clone();
                (asker, PreferencesKept::default(), Some(key))
            }
        };
        let from = self.number_for(&kept)?;
        if new_key.is_some() {
            self.keep_key(&asker).await?;
        }
        let account = asker.account;
        let call = NewCall {
            id: random::call_id().map_err(|_| Refusal::Internal)?,
            account: account.id.clone(),
            key: Some(asker.hash),
            direction: Direction::Outbound,
            queued_at: wall_now(),
            repeat,
        };
        let placement = self.placement(&call.id, &account, request, from, kept);
        let call_id = call.id.clone();
        match begin(self.ledger().clone(), slot, call, placement).await? {
            Opened::New => Ok(Placed { call_id, account, new_key }),
            opened => Ok(again(opened, own)?),
        }
    }

    /// What became of the same request before. A process that died between the index and the journal
    /// has confirmed nothing: that call is nobody's, and the request is a new one.
    async fn before(&self, repeat: Repeat) -> Result<Option<Opened>, Fault> {
        let opened = self.ledger().ask(move |store| store.before(&repeat)).await?;
        let Some(Opened::Before(id)) = &opened else { return Ok(opened) };
        // A folder that cannot be looked for may be there.
        let has_folder = self.exchange.calls_dir().join(id).try_exists().unwrap_or(true);
        if has_folder || self.exchange.find(id).is_some() {
            return Ok(opened);
        }
        let asked = id.clone();
        let abandon = move |store: &mut store::Store| match store.call(&asked)? {
            Some(call) if call.finalized_at.is_none() => store.abandon_call(&asked).map(|()| true),
            _ => Ok(false),
        };
        Ok(if self.ledger().ask(abandon).await? { None } else { opened })
    }

    fn may_place(&self, visitor: &Visitor, asker: &Asker) -> Result<(), Fault> {
        let rules = self.rules();
        let links = self.links(&visitor.base, &asker.key);
        if rules.link_required && !asker.account.is_linked() {
            return Err(Code::AccountLinkRequired
                .because("link this key to an account before you call")
                .with_action(links.link()));
        }
        self.limit(|books| (&mut books.calls, &asker.account.id), "calls with this key")?;
        rules.trial.admits(&asker.account, &links, rules.first_generation)?;
        let max = rules.calls_at_once_max;
        if self.exchange.active_of(&asker.account.id) >= max as usize {
            let message = format!("{max} calls are under way with this key, and no more may be");
            return Err(Code::QuotaExceeded.because(message).after_s(15));
        }
        Ok(())
    }

    /// A new key with an account of its own, which nobody knows yet.
    fn new_asker(&self, visitor: &Visitor) -> Result<Asker, NotPlaced> {
        let rules = self.rules();
        if !rules.new_keys {
            return Err(Code::AuthRequired.because("send your key as X-Api-Key").into());
        }
        self.limit(|books| (&mut books.new_keys, &visitor.address), "new keys for this address")?;
        let bytes = random::bytes::<32>().map_err(|_| Refusal::Internal)?;
        let key = format!("{KEY_PREFIX}{}", base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes));
        let (hash, id) = (store::hash(&key), random::call_id().map_err(|_| Refusal::Internal)?);
        let asker = Asker { account: Account { id, ..Account::default() }, key, hash };
        // The rules that hold for old keys hold for new ones.
        self.may_place(visitor, &asker)?;
        Ok(asker)
    }

    /// From here on the key is good.
    async fn keep_key(&self, asker: &Asker) -> Result<(), Fault> {
        let days = i64::from(self.rules().key_days_max);
        let end = (days > 0).then(|| wall_after(days * 24 * 3600));
        let (hash, id) = (asker.hash.clone(), asker.account.id.clone());
        let add =
            move |store: &mut store::Store| store.add_key(&hash, &id, &wall_now(), end.as_deref());
        self.ledger().ask(add).await?;
        Ok(())
    }

    /// The number a callee sees: the account's own, or one of the pool, or the installation's.
    fn number_for(&self, kept: &PreferencesKept) -> Result<Option<E164>, Fault> {
        let in_use = self.exchange.numbers_in_use();
        if let Some(own) = &kept.number {
            if in_use.contains_key(&own.phone_number) {
                let message = "your number is in a call; it can be in one at a time";
                return Err(Code::ReservedNumberBusy.because(message));
            }
            return Ok(Some(own.phone_number.clone()));
        }
        let chosen = self.rules().numbers.choose(&in_use)?;
        Ok(chosen.or(self.exchange.usual_number()).cloned())
    }

    fn placement(
        &self,
        id: &str,
        account: &Account,
        request: CallRequest,
        from: Option<E164>,
        kept: PreferencesKept,
    ) -> Placement {
        let mut brief = request.brief;
        brief.voice = brief.voice.or(kept.preferences.voice);
        brief.personality = brief.personality.or(kept.preferences.personality);
        brief.greeting = brief.greeting.or(kept.preferences.greeting);
        brief.disclosure = self.disclosure();
        let left = (account.tier == Tier::Paid)
            .then(|| self.rules().trial.remaining_seconds(account).max(TALK_SECONDS_MIN));
        Placement {
            id: id.to_owned(),
            direction: Direction::Outbound,
            to: Some(request.to),
            from,
            brief,
            account: Some(account.id.clone()),
            duration_ms_max: left
                .map(|s| u32::try_from(s.saturating_mul(1000)).unwrap_or(u32::MAX)),
        }
    }

    /// What must be said first, when calls are recorded.
    pub(super) fn disclosure(&self) -> Option<String> {
        let rules = self.rules();
        let text = rules.disclosure.trim();
        let said = self.exchange.records() && !rules.first_generation && !text.is_empty();
        said.then(|| text.to_owned())
    }

    fn minute_of_day(&self) -> u32 {
        let time = jiff::Timestamp::now().to_zoned(self.zone.clone()).time();
        u32::from(time.hour().unsigned_abs()) * 60 + u32::from(time.minute().unsigned_abs())
    }
}

/// The answer to a request that was made before. A first call's key was told once: who has lost it
/// has the call no more, but nobody is called twice.
fn again(opened: Opened, own: Option<Account>) -> Result<Placed, Fault> {
    match (opened, own) {
        (Opened::Before(call_id), Some(account)) => Ok(Placed { call_id, account, new_key: None }),
        (Opened::Before(_), None) => {
            Err(Code::Conflict.because("this first call was placed, and its key told, once"))
        }
        (Opened::New | Opened::Another, _) => {
            Err(Code::Conflict.because("this Idempotency-Key was used for another request"))
        }
    }
}

/// Enters a call in the index and has it begin. To its end, whether whoever asks still waits or not: a
/// call stands in both, or in neither.
pub(super) async fn begin(
    ledger: Ledger,
    slot: Slot,
    call: NewCall,
    placement: Placement,
) -> Result<Opened, NotPlaced> {
    let begun = tokio::spawn(async move {
        let id = call.id.clone();
        let opened = ledger.ask(move |store| store.open_call(&call)).await.map_err(Fault::from)?;
        if opened == Opened::New
            && let Err(refusal) = slot.begin(placement).await
        {
            ledger.ask(move |store| store.abandon_call(&id)).await.map_err(Fault::from)?;
            return Err(NotPlaced::from(refusal));
        }
        Ok(opened)
    });
    begun.await.unwrap_or(Err(NotPlaced::Refusal(Refusal::Internal)))
}
