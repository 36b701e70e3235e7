//! Documents that are made of a description, for tests of readers: what is described is read, and nothing else is.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Keys, Rule, Shape};

/// A document and what is done in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// Which key, and what of it.
    pub(crate) what: String,
    /// As JSON, which is YAML as well.
    pub(crate) value: Value,
    /// Why a reader must refuse it; `None` where it must not.
    pub(crate) fault: Option<Fault>,
}

/// What is wrong with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A required key is missing.
    Missing,
    /// A key is not known.
    Unknown,
    /// A key is known, and of a later version.
    Later,
    /// A value is of another type.
    Type,
    /// A value is of the right type and out of its bounds, empty, repeated or an unknown word.
    Value,
    /// A rule between keys does not hold.
    Rule,
}

/// For each key of each table: the smallest document with it, for each form that its value may have, and a document
/// for each way in which it may be wrong.
pub(crate) fn samples(root: &'static Keys) -> Vec<Sample> {
    let mut samples = of_table(root, &mut BTreeSet::new());
    for sample in &mut samples {
        sample.what = format!("{}: {}", root.what, sample.what);
    }
    samples
}

fn good(what: impl Into<String>, value: Value) -> Sample {
    Sample { what: what.into(), value, fault: None }
}

fn bad(fault: Fault, what: impl Into<String>, value: Value) -> Sample {
    Sample { what: what.into(), value, fault: Some(fault) }
}

/// The smallest value.
fn least(shape: Shape) -> Value {
    match shape {
        Shape::Text | Shape::AnyText | Shape::Value | Shape::Scalar => json!("x"),
        Shape::Words(words) => json!(words[0]),
        Shape::Truth => json!(true),
        Shape::Int(least, _) => json!(least),
        Shape::Moment => json!("2026-03-01T12:00:00Z"),
        Shape::Duration(least, _) => json!(least),
        Shape::Pattern(pattern) => json!(pattern.example),
        Shape::List(_) | Shape::Set(_) => json!([]),
        Shape::Entries(_) => json!({}),
        Shape::Filled(Shape::List(item) | Shape::Set(item)) => json!([least(**item)]),
        Shape::Filled(Shape::Entries(value)) => json!({ "x": least(**value) }),
        Shape::Filled(other) => panic!("{other:?} cannot be empty"),
        Shape::Keys(keys) => Value::Object(least_table(keys)),
        Shape::Either(shapes) => least(shapes[0]),
    }
}

fn least_table(keys: &Keys) -> Map<String, Value> {
    let mut table = Map::new();
    for key in keys.keys.iter().filter(|key| key.required) {
        table.insert(key.name.into(), least(key.shape));
    }
    for rule in keys.rules {
        match rule {
            Rule::OneOf(names) => put(keys, names[0], &mut table),
            Rule::Some if table.is_empty() => put(keys, keys.keys[0].name, &mut table),
            Rule::Some | Rule::Needs(..) | Rule::Alone(..) | Rule::When(..) => {}
        }
    }
    table
}

/// Adds a key where it is not there.
fn put(keys: &Keys, name: &str, table: &mut Map<String, Value>) {
    let key = keys.keys.iter().find(|key| key.name == name).unwrap_or_else(|| panic!("{name} of {}", keys.what));
    table.entry(name).or_insert_with(|| least(key.shape));
}

/// The smallest table with this key, and whatever else then must or must not be there.
fn table_with(keys: &Keys, name: &str, value: Value) -> Map<String, Value> {
    let mut table = least_table(keys);
    let word = value.clone();
    for rule in keys.rules {
        match *rule {
            Rule::OneOf(names) if names.contains(&name) => table.retain(|key, _| !names.contains(&key.as_str())),
            Rule::Some => table.clear(),
            Rule::OneOf(_) | Rule::Needs(..) | Rule::Alone(..) | Rule::When(..) => {}
        }
    }
    table.insert(name.into(), value);
    for rule in keys.rules {
        match *rule {
            Rule::Needs(names, needed) if names.contains(&name) => put(keys, needed, &mut table),
            Rule::When(key, when, needed) if key == name && word == when => put(keys, needed, &mut table),
            Rule::Alone(key, others) if key == name => table.retain(|key, _| !others.contains(&key.as_str())),
            Rule::Alone(key, others) if others.contains(&name) => drop(table.remove(key)),
            Rule::OneOf(_) | Rule::Some | Rule::Needs(..) | Rule::When(..) | Rule::Alone(..) => {}
        }
    }
    table
}

fn of_table(keys: &'static Keys, seen: &mut BTreeSet<&'static str>) -> Vec<Sample> {
    if !seen.insert(keys.what) {
        return vec![good("again", Value::Object(least_table(keys)))];
    }
    let mut samples = vec![good("as little as may be", Value::Object(least_table(keys)))];
    for key in keys.keys {
        for sample in of_value(key.shape, seen) {
            let table = table_with(keys, key.name, sample.value);
            samples.push(Sample {
                what: format!("{}: {}", key.name, sample.what),
                value: table.into(),
                fault: sample.fault,
            });
        }
        if key.required {
            let mut table = least_table(keys);
            table.remove(key.name);
            samples.push(bad(Fault::Missing, format!("without {}", key.name), table.into()));
        }
    }
    for name in keys.later.iter().chain(&["zzz"]) {
        let mut table = least_table(keys);
        table.insert((*name).into(), json!("x"));
        let fault = if *name == "zzz" { Fault::Unknown } else { Fault::Later };
        samples.push(bad(fault, format!("with {name}"), table.into()));
    }
    samples.extend(keys.rules.iter().flat_map(|rule| broken(keys, *rule)));
    samples
}

/// Tables in which a rule does not hold.
fn broken(keys: &Keys, rule: Rule) -> Vec<Sample> {
    let sample = |what: String, table: Map<String, Value>| bad(Fault::Rule, what, table.into());
    match rule {
        Rule::OneOf(names) => {
            let mut none = least_table(keys);
            none.retain(|key, _| !names.contains(&key.as_str()));
            let pairs = names.windows(2).map(|pair| {
                let mut table = least_table(keys);
                for name in pair {
                    put(keys, name, &mut table);
                }
                sample(format!("with both {} and {}", pair[0], pair[1]), table)
            });
            std::iter::once(sample(format!("with none of {names:?}"), none)).chain(pairs).collect()
        }
        Rule::Needs(names, needed) => {
            let without = |name: &&str| {
                let mut table = table_with(keys, name, least(shape_of(keys, name)));
                table.remove(needed);
                // Where the needed one is one of several, another stands in its place.
                for rule in keys.rules {
                    if let Rule::OneOf(group) = rule
                        && group.contains(&needed)
                    {
                        let other = group.iter().find(|other| **other != needed).unwrap();
                        put(keys, other, &mut table);
                    }
                }
                sample(format!("with {name} and without {needed}"), table)
            };
            names.iter().map(without).collect()
        }
        Rule::Alone(name, others) => {
            let with = |other: &&str| {
                let mut table = table_with(keys, name, least(shape_of(keys, name)));
                table.insert((*other).into(), least(shape_of(keys, other)));
                sample(format!("with {name} and {other}"), table)
            };
            others.iter().map(with).collect()
        }
        Rule::When(name, word, needed) => {
            let mut table = table_with(keys, name, json!(word));
            table.remove(needed);
            vec![sample(format!("with {name}: {word} and without {needed}"), table)]
        }
        Rule::Some => vec![sample("with nothing".into(), Map::new())],
    }
}

fn shape_of(keys: &Keys, name: &str) -> Shape {
    keys.keys.iter().find(|key| key.name == name).unwrap().shape
}

/// Each form of a value, and each way in which it may be wrong.
fn of_value(shape: Shape, seen: &mut BTreeSet<&'static str>) -> Vec<Sample> {
    let of_type = |value: &Value| !has_type(shape, value);
    let others = [json!(null), json!(true), json!(7), json!(1.5), json!("x"), json!([]), json!({})];
    let wrong = others.into_iter().filter(of_type).map(|value| bad(Fault::Type, format!("= {value}"), value));
    let mut samples: Vec<Sample> = wrong.collect();
    samples.extend(forms(shape, seen));
    samples
}

fn forms(shape: Shape, seen: &mut BTreeSet<&'static str>) -> Vec<Sample> {
    match shape {
        Shape::List(item) => within_list(*item, seen),
        Shape::Set(item) => {
            let mut samples = within_list(*item, seen);
            samples.push(bad_value(json!([least(*item), least(*item)])));
            samples
        }
        Shape::Entries(value) => {
            let mut samples = wrapped(of_value(*value, seen), |value| json!({ "x": value }));
            samples.push(good_value(json!({})));
            samples
        }
        Shape::Filled(inner) => {
            let mut samples = forms(*inner, seen);
            for sample in &mut samples {
                let is_empty = sample.value.as_array().is_some_and(Vec::is_empty)
                    || sample.value.as_object().is_some_and(Map::is_empty);
                sample.fault = if is_empty { Some(Fault::Value) } else { sample.fault };
            }
            samples
        }
        Shape::Keys(keys) => of_table(keys, seen),
        // A value that is wrong for one may be right for another.
        Shape::Either(shapes) => {
            let is_settled = |sample: &Sample| {
                sample.fault != Some(Fault::Type) || !shapes.iter().any(|shape| has_type(*shape, &sample.value))
            };
            shapes.iter().flat_map(|shape| forms(*shape, seen)).filter(is_settled).collect()
        }
        Shape::Text
        | Shape::AnyText
        | Shape::Words(_)
        | Shape::Truth
        | Shape::Int(..)
        | Shape::Moment
        | Shape::Duration(..)
        | Shape::Pattern(_)
        | Shape::Value
        | Shape::Scalar => of_leaf(shape),
    }
}

fn good_value(value: Value) -> Sample {
    good(format!("= {value}"), value)
}

fn bad_value(value: Value) -> Sample {
    bad(Fault::Value, format!("= {value}"), value)
}

fn wrapped(inner: Vec<Sample>, make: fn(Value) -> Value) -> Vec<Sample> {
    inner.into_iter().map(|sample| Sample { value: make(sample.value), ..sample }).collect()
}

fn within_list(item: Shape, seen: &mut BTreeSet<&'static str>) -> Vec<Sample> {
    let mut samples = wrapped(of_value(item, seen), |value| json!([value]));
    samples.push(good_value(json!([])));
    samples
}

/// Of a shape that has no shape in it.
fn of_leaf(shape: Shape) -> Vec<Sample> {
    match shape {
        Shape::Text => vec![good_value(json!("x")), bad_value(json!(""))],
        Shape::AnyText => vec![good_value(json!("x")), good_value(json!(""))],
        Shape::Words(words) => {
            words.iter().map(|word| good_value(json!(word))).chain([bad_value(json!("no such word"))]).collect()
        }
        Shape::Truth => vec![good_value(json!(true)), good_value(json!(false))],
        Shape::Int(least, most) => {
            let outside = [least - 1, most + 1].map(|number| bad_value(json!(number)));
            [json!(least), json!(most)].map(good_value).into_iter().chain(outside).collect()
        }
        Shape::Moment => vec![
            good_value(json!("2026-03-01T12:00:00Z")),
            good_value(json!("2026-03-01T12:00:00.123456789Z")),
            bad_value(json!("2026-03-01")),
            bad_value(json!("2026-03-01T12:00:00+01:00")),
        ],
        Shape::Duration(least, most) => {
            let mut samples = vec![good_value(json!(least)), good_value(json!(most)), bad_value(json!("10 minutes"))];
            samples.extend(before(least).into_iter().chain([after(most)]).map(|text| bad_value(json!(text))));
            samples
        }
        Shape::Pattern(pattern) => vec![good_value(json!(pattern.example)), bad_value(json!("no such form"))],
        Shape::Value => [json!("x"), json!(7), json!(true), json!([1, ["x"]]), json!({ "a": { "b": false } })]
            .map(good_value)
            .into_iter()
            .chain([json!([null]), json!({ "a": 1.5 })].map(|value| bad(Fault::Type, format!("= {value}"), value)))
            .collect(),
        Shape::Scalar => [json!("x"), json!(7), json!(true)].map(good_value).into(),
        Shape::List(_) | Shape::Set(_) | Shape::Entries(_) | Shape::Filled(_) | Shape::Keys(_) | Shape::Either(_) => {
            panic!("{shape:?} has shapes in it")
        }
    }
}

/// A second less; `None` below nothing.
fn before(duration: &str) -> Option<String> {
    seconds(duration).checked_sub(1).map(|seconds| format!("{seconds}s"))
}

fn after(duration: &str) -> String {
    format!("{}s", seconds(duration) + 1)
}

fn seconds(duration: &str) -> u64 {
    let (digits, unit) = duration.split_at(duration.len() - 1);
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        other => panic!("{other} is no unit"),
    };
    digits.parse::<u64>().unwrap() * unit
}

/// Whether a value is of the type; nothing is said of what is in it.
fn has_type(shape: Shape, value: &Value) -> bool {
    match shape {
        Shape::Text | Shape::AnyText | Shape::Words(_) | Shape::Moment | Shape::Duration(..) | Shape::Pattern(_) => {
            value.is_string()
        }
        Shape::Truth => value.is_boolean(),
        Shape::Int(..) => value.is_i64(),
        Shape::Value => !value.is_null() && !value.is_f64(),
        Shape::Scalar => value.is_string() || value.is_i64() || value.is_boolean(),
        Shape::List(_) | Shape::Set(_) => value.is_array(),
        Shape::Entries(_) | Shape::Keys(_) => value.is_object(),
        Shape::Filled(inner) => has_type(*inner, value),
        Shape::Either(shapes) => shapes.iter().any(|shape| has_type(*shape, value)),
    }
}

mod tests {
    use super::super::tests::OUTER;
    use super::*;

    #[test]
    fn each_key_and_each_fault_has_a_sample() {
        let samples = samples(&OUTER);
        let of = |fault: Option<Fault>| -> Vec<String> {
            let of_fault = samples.iter().filter(|sample| sample.fault == fault);
            of_fault.map(|sample| sample.value.to_string()).collect()
        };
        assert_eq!(
            of(None),
            [
                r#"{"id":"x","in":true}"#,
                r#"{"id":"x","in":true}"#,
                r#"{"id":"x","in":true}"#,
                r#"{"id":"x","in":false}"#,
                r#"{"id":"x","in":[{}]}"#,
                r#"{"id":"x","in":[]}"#,
                r#"{"again":{"x":{"id":"x","in":true}},"id":"x"}"#,
                r#"{"id":"x","in":true,"way":"here"}"#,
                r#"{"id":"x","in":true,"late":"1s","way":"there"}"#,
                r#"{"id":"x","in":true,"late":"1s","way":"here"}"#,
                r#"{"id":"x","in":true,"late":"1d","way":"here"}"#,
            ]
        );
        assert_eq!(of(Some(Fault::Missing)), [r#"{"in":true}"#]);
        assert_eq!(of(Some(Fault::Unknown)), [r#"{"id":"x","in":[{"zzz":"x"}]}"#, r#"{"id":"x","in":true,"zzz":"x"}"#]);
        assert_eq!(
            of(Some(Fault::Rule)),
            [
                r#"{"id":"x"}"#,
                r#"{"again":{"x":{"id":"x","in":true}},"id":"x","in":true}"#,
                r#"{"id":"x","in":true,"late":"1s"}"#,
                r#"{"in":true}"#,
                r#"{"again":{"x":{"id":"x","in":true}}}"#,
                r#"{"again":{"x":{"id":"x","in":true}},"id":"x","in":true,"late":"1s","way":"here"}"#,
                r#"{"id":"x","in":true,"way":"there"}"#,
            ]
        );
        assert_eq!(of(Some(Fault::Later)), [r#"{"id":"x","in":true,"soon":"x"}"#]);
        assert!(of(Some(Fault::Type)).contains(&r#"{"id":7,"in":true}"#.to_owned()));
        assert!(of(Some(Fault::Value)).contains(&r#"{"id":"x","in":true,"late":"86401s","way":"here"}"#.to_owned()));
    }
}
