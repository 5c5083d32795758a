//! Which of a menu's topics serves the goal: key words and themes, without a model.
//!
//! A better judge, such as a small embedding model, implements [`Matcher`] and is given to the
//! navigator in the place of [`Keywords`].

use super::read::words;

/// How well a menu's topic serves a wish.
pub trait Matcher {
    /// From 0, nothing in common, to 1, the same. `wish` and `topic` are plain words, such as "Ask
    /// when my invoice is due" and "for billing and payments".
    fn score(&mut self, wish: &str, topic: &str) -> f32;
}

/// Scores by the words in common and by [`THEMES`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Keywords;

/// Stems that mean the same errand in the mouth of a menu and of a caller.
pub const THEMES: &[&[&str]] = &[
    &[
        "bill",
        "invoice",
        "payment",
        "pay",
        "paid",
        "charge",
        "account",
        "balance",
        "statement",
        "due",
        "receivable",
    ],
    &["refund", "return", "exchange", "credit", "reimburse", "reimbursement"],
    &["hour", "open", "opening", "close", "closing", "time", "schedule"],
    &["location", "direction", "address", "store", "branch", "parking", "where"],
    &[
        "reservation",
        "reserve",
        "book",
        "booking",
        "table",
        "appointment",
        "schedule",
        "reschedule",
        "visit",
    ],
    &["cancel", "cancellation", "cancelation", "terminate", "discontinue", "unsubscribe"],
    &[
        "support",
        "technical",
        "technician",
        "help",
        "problem",
        "trouble",
        "repair",
        "broken",
        "fault",
        "error",
        "fix",
        "issue",
        "internet",
        "connection",
        "router",
    ],
    &["outage", "power", "emergency", "leak", "urgent", "blackout"],
    &[
        "sale",
        "sales",
        "buy",
        "purchase",
        "order",
        "price",
        "pricing",
        "quote",
        "upgrade",
        "offer",
        "subscribe",
    ],
    &[
        "delivery", "deliver", "shipping", "shipment", "package", "parcel", "track", "tracking",
        "courier", "order", "where",
    ],
    &["prescription", "refill", "pharmacy", "pharmacist", "medicine", "medication"],
    &["claim", "accident", "damage", "insurance", "policy", "coverage"],
    &["lost", "stolen", "card", "fraud", "block", "theft", "debit"],
    &["job", "career", "employment", "vacancy", "recruitment", "hire", "hiring", "application"],
    &["password", "login", "log", "pin", "reset", "username", "access"],
    &["result", "lab", "laboratory", "test", "record"],
    &["complaint", "complain", "feedback", "dissatisfied"],
    &["move", "moving", "relocate", "relocation", "transfer"],
    &["room", "hotel", "stay", "guest", "check-in"],
    &["flight", "baggage", "luggage", "ticket", "boarding", "seat"],
    &["loan", "mortgage", "credit", "interest"],
    &["meter", "reading", "consumption", "tariff", "electricity", "gas"],
    &["doctor", "nurse", "clinic", "patient", "referral"],
    &["membership", "member", "renew", "renewal", "subscription"],
];

/// A theme in common counts for this much of the same word.
const THEME: f32 = 0.6;
/// Best score from which on a topic is worth choosing.
pub const GOOD: f32 = 0.4;

impl Matcher for Keywords {
    fn score(&mut self, wish: &str, topic: &str) -> f32 {
        let (wish, topic) = (words::content(wish), words::content(topic));
        let near =
            |word: &String| wish.iter().map(|other| nearness(word, other)).fold(0.0, f32::max);
        let scores: Vec<f32> = topic.iter().map(near).collect();
        let best = scores.iter().copied().fold(0.0, f32::max);
        let total: f32 = scores.iter().sum();
        if best == 0.0 {
            return 0.0;
        }
        0.6 * best + 0.2 * total / scores.len() as f32 + 0.2 * (total / 2.0).min(1.0)
    }
}

fn nearness(a: &str, b: &str) -> f32 {
    if words::alike(a, b) {
        return 1.0;
    }
    let among = |theme: &[&str], word: &str| theme.iter().any(|known| words::alike(known, word));
    let together = THEMES.iter().any(|theme| among(theme, a) && among(theme, b));
    if together { THEME } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_topic_wins() {
        let table: &[(&str, &[&str])] = &[
            (
                "Ask when my invoice is due",
                &[
                    "for billing and payments",
                    "for sales",
                    "for technical support",
                    "for opening hours",
                ],
            ),
            (
                "Find out until when they are open on Sunday",
                &["for our opening hours", "to make a reservation", "for catering"],
            ),
            (
                "Book a table for four on Friday",
                &["for reservations", "for takeaway orders", "for our opening hours"],
            ),
            (
                "Cancel my reservation",
                &["to cancel a reservation", "to make a reservation", "for directions"],
            ),
            (
                "My internet does not work since yesterday",
                &["for technical support", "for billing", "for new customers"],
            ),
            ("Where is my parcel", &["to track a delivery", "for returns", "for sales"]),
            (
                "Get my prescription refilled",
                &["for the pharmacy", "for appointments", "for lab results"],
            ),
            (
                "Report a stolen credit card",
                &["for lost or stolen cards", "for mortgages", "for your balance"],
            ),
        ];
        for (wish, topics) in table {
            let scores: Vec<f32> = topics.iter().map(|topic| Keywords.score(wish, topic)).collect();
            let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
            assert_eq!(best, Some(0), "{wish}: {scores:?}");
            assert!(scores[0] >= GOOD, "{wish}: {scores:?}");
        }
    }

    #[test]
    fn nothing_in_common_is_nothing() {
        for (wish, topic) in [
            ("Ask about my bill", "for careers"),
            ("", "for sales"),
            ("Book a table", ""),
            ("Book a table", "to speak to us"),
        ] {
            assert_eq!(Keywords.score(wish, topic), 0.0, "{wish} {topic}");
        }
    }
}
