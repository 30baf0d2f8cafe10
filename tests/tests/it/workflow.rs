//! The action for GitHub workflows, and the example of `docs/conformance.md` that uses it.

use std::collections::BTreeSet;

use serde_json::Value;

const ACTION: &str = include_str!("../../../.github/actions/conformance/action.yml");
const GUIDE: &str = include_str!("../../../docs/conformance.md");

fn action() -> Value {
    serde_saphyr::from_str(ACTION).unwrap()
}

/// The workflow in the guide.
fn example() -> Value {
    let (_, rest) = GUIDE.split_once("```yaml\n").unwrap();
    serde_saphyr::from_str(rest.split_once("```").unwrap().0).unwrap()
}

#[test]
fn no_input_is_pasted_into_a_script() {
    let action = action();
    let scripts: Vec<_> = action["runs"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["run"].as_str().unwrap())
        .collect();
    assert_eq!(scripts.len(), 2);
    assert!(scripts.iter().all(|script| !script.contains("${{")));
}

#[test]
fn the_action_hands_every_input_to_the_runner_and_no_other() {
    let action = action();
    let declared: BTreeSet<_> = action["inputs"].as_object().unwrap().keys().cloned().collect();
    let judge = &action["runs"]["steps"][1];
    let mut used = BTreeSet::new();
    for (variable, value) in judge["env"].as_object().unwrap() {
        assert!(judge["run"].as_str().unwrap().contains(&format!("${variable}")), "{variable}");
        if let Some(input) = value.as_str().unwrap().strip_prefix("${{ inputs.") {
            used.insert(input.strip_suffix(" }}").unwrap().to_owned());
        }
    }
    assert_eq!(used, declared);
}

#[test]
fn the_example_gives_the_action_inputs_that_it_has() {
    let (action, example) = (action(), example());
    let step = example["jobs"]["conformance"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["uses"].as_str().is_some_and(|uses| uses.contains("/.github/actions/conformance@")))
        .unwrap();
    let inputs = action["inputs"].as_object().unwrap();
    let given = step["with"].as_object().unwrap();
    assert!(given.keys().all(|name| inputs.contains_key(name)), "{given:?}");
    let required = inputs.iter().filter(|(_, input)| input["required"] == true);
    assert!(required.clone().count() > 0 && required.clone().all(|(name, _)| given.contains_key(name)));
}
