//! Nobody asked anything of us: taking a message.

use std::collections::BTreeMap;

use super::{
    cues::WHO,
    policy::Scene,
    reply::{Reply, hang_up, plain, report},
};

impl Scene<'_> {
    /// The next answer to whoever calls.
    pub(super) fn take_a_message(&self) -> Reply {
        if self.ours.is_empty() {
            return plain(
                "Hello, this is an AI assistant. Nobody can come to the phone right now. May I take a message?",
            );
        }
        if let Some(reply) = self.after_the_end().or_else(|| self.hold()).or_else(|| self.repeat())
        {
            return reply;
        }
        if self.says(WHO) {
            return plain("I'm an AI assistant. I can take a message for you.");
        }
        let asked_name = self.ours.iter().any(|ours| ours.contains("your name"));
        let message: Vec<String> = self
            .earlier
            .iter()
            .skip(1)
            .map(|(_, said)| said.join(" "))
            .chain([self.text.to_owned()])
            .collect();
        if !asked_name {
            if self.said.len() < 4 {
                return plain("Sure. What is your message?");
            }
            return plain(
                "Thank you. May I have your name and number, so that they can call you back?",
            );
        }
        let facts = BTreeMap::from([("message".to_owned(), message.join(". "))]);
        Reply {
            text: "Thank you, I'll pass that on. Goodbye.".to_owned(),
            calls: vec![report(true, "A message was taken.", &facts), hang_up()],
        }
    }
}
