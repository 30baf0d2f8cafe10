//! Responses of the operations behind which the sandbox has no data.

use serde_json::{Value, json};

use super::{Data, Input, paging, shape};
use crate::{Optional, Sampler, answer::Refusal};

/// How many things a list shows that is only sampled.
const ITEMS: u64 = 3;

/// A value that fits the document: the same one for the same operation, path and company.
pub(super) fn answer(_: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let company = input.companies().first().map(ToString::to_string).unwrap_or_default();
    let names = input.path.values().map(String::as_str).chain([input.operation.id, &company]);
    let seed = names.flat_map(str::bytes).fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        // FNV-1a, which is the same on every machine.
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let sample = |schema: &Value, seed: u64| {
        let sample = Sampler::new(seed).optional(Optional::All).value(schema);
        let known = shape::fit(&json!({ "companyId": company }), schema);
        if sample.is_object() { shape::with(sample, known) } else { sample }
    };
    let (answer, data) = (shape::answer(input.operation), shape::data(input.operation));
    if answer["properties"]["pagination"].is_object() {
        let items = (0..ITEMS).map(|index| sample(&data["items"], seed.wrapping_add(index)));
        return paging::page(input, items.collect());
    }
    if data.is_null() {
        return Ok(sample(answer, seed));
    }
    Ok(json!({ "data": sample(data, seed) }))
}
