//! How an account wants its calls: `/me/call-preferences`.

use platform::{
    Code, Fault, Preferences, PreferencesBody, Profile, ProfileChange, read_preferences,
};

use super::{Asker, Desk};
use crate::store::PreferencesKept;

impl Desk {
    async fn kept(&self, asker: &Asker) -> Result<PreferencesKept, Fault> {
        let account = asker.account.id.clone();
        Ok(self.ledger().ask(move |store| store.preferences(&account)).await?)
    }

    /// As they are.
    pub async fn preferences(&self, asker: &Asker) -> Result<PreferencesBody, Fault> {
        let PreferencesKept { preferences, profile, number } = self.kept(asker).await?;
        Ok(PreferencesBody::new(preferences, profile, asker.account.inbound, number))
    }

    /// Replaces them: what the body leaves out is reset, but for incoming calls. Calls under way keep
    /// what they began with.
    ///
    /// # Errors
    /// As [`read_preferences`] has them; `inbound_plan_required`, `reserved_number_required`.
    pub async fn set_preferences(&self, asker: &Asker, body: &[u8]) -> Result<(), Fault> {
        let (preferences, change) = read_preferences(body, &self.rules().destinations)?;
        if let ProfileChange::Set(profile) = &change {
            self.may_have_inbound(asker).await?;
            self.may_hand_off(profile).await?;
        }
        let account = asker.account.id.clone();
        let set = move |store: &mut crate::store::Store| {
            store.set_preferences(&account, &preferences)?;
            match &change {
                ProfileChange::Keep => Ok(()),
                ProfileChange::Clear => store.set_profile(&account, None),
                ProfileChange::Set(profile) => store.set_profile(&account, Some(profile)),
            }
        };
        Ok(self.ledger().ask(set).await?)
    }

    /// Resets what holds for all calls; incoming ones are answered as before.
    pub async fn reset_preferences(&self, asker: &Asker) -> Result<(), Fault> {
        let account = asker.account.id.clone();
        let none = Preferences::default();
        Ok(self.ledger().ask(move |store| store.set_preferences(&account, &none)).await?)
    }

    /// Whether incoming calls can come to an account at all.
    pub(super) async fn may_have_inbound(&self, asker: &Asker) -> Result<(), Fault> {
        if !asker.account.inbound {
            return Err(Code::InboundPlanRequired.because("your plan has no incoming calls"));
        }
        if self.kept(asker).await?.number.is_none() {
            return Err(Code::ReservedNumberRequired.because("you have no number of your own yet"));
        }
        Ok(())
    }

    /// A call must not be handed to a number that would bring it back to us.
    async fn may_hand_off(&self, profile: &Profile) -> Result<(), Fault> {
        let Some(number) = profile.handoff_number.clone() else { return Ok(()) };
        let pool = &self.rules().numbers.pool;
        let text = number.as_str().to_owned();
        let owner = self.ledger().ask(move |store| store.owner_of(&text)).await?;
        if owner.is_some()
            || pool.contains(&number)
            || self.exchange.usual_number() == Some(&number)
        {
            let message = "handoff_number is one of our own numbers: name your own telephone";
            return Err(Code::InvalidHandoffNumber.because(message));
        }
        Ok(())
    }
}
