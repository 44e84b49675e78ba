//! As much of JSON Schema 2020-12 as our forms use. A keyword that is not known here is an error, and so
//! is a member that a form does not name: what is told is published.

use serde_json::Value;

/// What says nothing about a value.
const ANNOTATIONS: [&str; 6] = ["$schema", "$defs", "title", "description", "format", "default"];

/// Checks a value against a form.
pub(super) fn check(form: &Value, value: &Value) -> Result<(), String> {
    at(form, form, value, "$")
}

fn at(root: &Value, form: &Value, value: &Value, place: &str) -> Result<(), String> {
    let Some(form) = form.as_object() else {
        return if form == &Value::Bool(true) { Ok(()) } else { Err(format!("{place}: nothing fits")) };
    };
    for (keyword, rule) in form {
        let wrong = |what: &str| Err(format!("{place}: {what} {rule}: {value}"));
        match keyword.as_str() {
            name if ANNOTATIONS.contains(&name) => {}
            "$ref" => {
                let pointer = rule.as_str().unwrap().trim_start_matches('#');
                at(root, root.pointer(pointer).ok_or(format!("{place}: there is no {pointer}"))?, value, place)?;
            }
            "const" if rule != value => return wrong("is not"),
            "enum" if !rule.as_array().unwrap().contains(value) => return wrong("is none of"),
            "minimum" if value.as_f64().is_some_and(|number| number < rule.as_f64().unwrap()) => {
                return wrong("is below");
            }
            "type" => {
                let named = rule.as_array().map_or(std::slice::from_ref(rule), Vec::as_slice);
                if !named.iter().any(|name| is(name.as_str().unwrap(), value)) {
                    return wrong("is not of type");
                }
            }
            "oneOf" | "anyOf" => {
                let fitting =
                    rule.as_array().unwrap().iter().filter(|form| at(root, form, value, place).is_ok()).count();
                if fitting == 0 || (keyword == "oneOf" && fitting > 1) {
                    return Err(format!("{place}: {fitting} of {keyword} fit: {value}"));
                }
            }
            "required" => {
                let missing = rule.as_array().unwrap().iter().find(|name| value.get(name.as_str().unwrap()).is_none());
                if let Some(name) = missing.filter(|_| value.is_object()) {
                    return Err(format!("{place}: {name} is missing"));
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    at(root, rule, item, &format!("{place}[{index}]"))?;
                }
            }
            "properties" | "additionalProperties" | "const" | "enum" | "minimum" => {}
            other => return Err(format!("{place}: the keyword {other} is not known here")),
        }
    }
    let others = form.get("additionalProperties");
    if form.contains_key("properties") || others.is_some() {
        for (name, member) in value.as_object().into_iter().flatten() {
            let named = form.get("properties").and_then(|members| members.get(name)).or(others);
            let form = named.ok_or(format!("{place}: {name} is not published"))?;
            at(root, form, member, &format!("{place}.{name}"))?;
        }
    }
    Ok(())
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

#[test]
fn the_validator_can_refuse() {
    let form = serde_json::json!({
        "type": "object", "required": ["a"],
        "properties": { "a": { "type": ["integer", "null"], "minimum": 1 }, "b": { "enum": ["x"] }, "c": { "$ref": "#/$defs/d" } },
        "$defs": { "d": { "oneOf": [{ "const": 1 }, { "type": "array", "items": { "type": "string" } }] } },
    });
    let fits = |text: &str| check(&form, &serde_json::from_str(text).unwrap()).is_ok();
    for good in [r#"{"a":1}"#, r#"{"a":null,"b":"x","c":1}"#, r#"{"a":2,"c":["y"]}"#] {
        assert!(fits(good), "{good}");
    }
    for bad in [
        "[]",
        "{}",
        r#"{"a":0}"#,
        r#"{"a":"1"}"#,
        r#"{"a":1,"b":"y"}"#,
        r#"{"a":1,"c":2}"#,
        r#"{"a":1,"c":[1]}"#,
        r#"{"a":1,"d":1}"#,
    ] {
        assert!(!fits(bad), "{bad}");
    }
    assert!(check(&serde_json::json!({ "maximum": 1 }), &1.into()).is_err(), "an unknown keyword");
}
