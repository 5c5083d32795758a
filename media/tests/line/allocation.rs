//! Frames allocate nothing once a circuit is set up.

use media::{
    Mono,
    circuit::{Circuit, CircuitConfig, Command, Input, MarkId, Output, UtteranceId, Verdict},
};

use crate::sound::{recording, trimmed};

#[test]
fn a_running_circuit_does_not_allocate() {
    let agent = recording("speech-agent/introduction");
    let callee = trimmed(&recording("speech-callee/cards-five-five"));
    let inbound: Vec<u8> =
        callee.iter().map(|&sample| media::codec::g711::mulaw_encode(sample)).collect();
    let mut circuit = Circuit::new(&CircuitConfig::default(), Mono::ZERO).unwrap();
    let mut outputs = 0u32;
    let mut live = |from_ms: u64, utterance: UtteranceId| {
        let at = Mono::from_millis(from_ms);
        let mut tell = |at, input: Input<'_>| {
            let (mut marks, mut verdicts) = ([None; 8], [None; 8]);
            circuit.handle(at, input);
            while let Some(output) = circuit.poll() {
                outputs += 1;
                match output {
                    Output::Mark(MarkId(id)) => marks[id as usize % 8] = Some(MarkId(id)),
                    Output::Judge { chunk, .. } => verdicts[chunk as usize % 8] = Some(chunk),
                    _ => {}
                }
            }
            for id in marks.into_iter().flatten() {
                circuit.handle(at, Input::Mark(id));
                while circuit.poll().is_some() {}
            }
            for chunk in verdicts.into_iter().flatten() {
                let verdict = Verdict { chunk, probability: 0.9 };
                circuit.handle(at, Input::Verdict(verdict));
                while circuit.poll().is_some() {}
            }
        };
        tell(at, Input::Command(Command::Say { utterance, interruptible: true }));
        for samples in agent.chunks(160) {
            tell(at, Input::Speech { utterance, samples });
        }
        for tick in 0..150u64 {
            let silent = [0xff; 160];
            let spoken =
                tick.checked_sub(60).and_then(|n| inbound.chunks_exact(160).nth(n as usize));
            let now = Mono::from_millis(from_ms + tick * 20);
            tell(now, Input::Audio(spoken.unwrap_or(&silent)));
        }
        tell(Mono::from_millis(from_ms + 3000), Input::Command(Command::Clear));
    };
    live(1000, UtteranceId(1));
    let used = allocation_counter::measure(|| live(11_000, UtteranceId(2)));
    assert!(outputs > 400, "{outputs}");
    assert_eq!((used.count_total, used.bytes_total), (0, 0), "{used:?}");
}
