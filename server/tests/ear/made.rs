//! Labelled scenes from seeds, without any net: recorded voices, tones, made music.

use server::{
    evaluate::{Set, label, made::Made, run, scores},
    listening::Nets,
};

/// Of hold, one scene of each kind; so many s.
const HOLD_S: f32 = 40.0;

#[test]
fn the_made_set_is_told_apart_by_sound_alone() {
    let made = Made::new(None).expect("fixtures/ear");
    let scenes = made.scenes(1, HOLD_S);
    let set = Set::Made(Box::new(made), scenes, None);
    let heard = run(&set, &Nets::default(), |_| ()).expect("scenes are made");
    let scores = scores(&heard);
    assert_eq!(scores.keys().collect::<Vec<_>>(), ["test", "tune"]);
    for (split, score) in &scores {
        // Without words a mailbox, a menu and a screening service are one thing: a machine.
        use label::Is::{Human, Menu, Screening, Voicemail};
        let machine = |is: &label::Is| matches!(is, Voicemail | Screening | Menu);
        let count = |of: &dyn Fn(&label::Is, &label::Is) -> bool| -> usize {
            score.matrix.iter().filter(|((a, b), _)| of(a, b)).map(|(_, n)| n).sum()
        };
        let (_, all) = score.right();
        let right = count(&|is, found| is == found || machine(is) && machine(found));
        assert!(
            all >= 40 && right * 100 >= all * 70,
            "{split}: {right} of {all}: {:#?}",
            score.wrong
        );
        let people = count(&|is, _| *is == Human);
        let found = count(&|is, found| *is == Human && found == is);
        assert!(
            found * 100 >= people * 85,
            "{split}: {found} of {people} people: {:#?}",
            score.wrong
        );
        for kind in ["music", "beeps", "silent hold"] {
            // The announcement before it is a person's, as far as sound goes: at most that.
            assert!(score.holds[kind].false_human <= 1, "{split}, {kind}: {:#?}", score.wrong);
        }
    }
}

#[test]
fn a_scene_is_always_the_same_and_the_splits_are_others() {
    let made = Made::new(None).expect("fixtures/ear");
    let scenes = made.scenes(1, 10.0);
    let (label, sound) = made.make(&scenes[0]);
    assert_eq!((label.clone(), sound.clone()), made.make(&scenes[0]));
    assert!(label.file.starts_with("tune-") && sound.len() > 16_000, "{label:?}");
    let (other, _) = made.make(scenes.last().expect("scenes"));
    assert_eq!(other.split, "test");
}
