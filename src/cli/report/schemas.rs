//! The published form of every report: `docs/schema`, made from the types. `VGW_BLESS=1 cargo test --lib
//! schemas` rewrites it; what breaks a reader raises the number in the report's `SCHEMA`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::*;

/// What [`super::super::Failure::to_json`] writes.
#[derive(Serialize, JsonSchema)]
struct Refused {
    /// Why nothing, or not everything, was done.
    error: Reason,
    /// What else is wrong with a configuration; absent if that is all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    more: Vec<Reason>,
}

/// Why.
#[derive(Serialize, JsonSchema)]
struct Reason {
    /// `usage`, `invalid`, `conflict`, `static`, `not_found`, `kernel`, `not_permitted`, `stopping`,
    /// `unreachable`, `protocol`, `configuration` or `failed`.
    kind: String,
    /// The option or the request's field at fault; empty if it is none in particular.
    field: String,
    /// One sentence for people.
    reason: String,
}

/// A report's document: its own members, and the name of its form.
fn document<T: JsonSchema>(name: &str) -> (String, Value) {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let schema: Schema = generator.into_root_schema_for::<T>();
    let Value::Object(mut schema) = schema.to_value() else { panic!("{name} is no object") };
    schema.insert("title".to_owned(), name.into());
    let members = schema.entry("properties").or_insert_with(|| Map::new().into()).as_object_mut().unwrap();
    members.insert("schema".to_owned(), json!({ "const": name, "description": "The name of this form." }));
    let required = schema.entry("required").or_insert_with(|| Vec::<Value>::new().into()).as_array_mut().unwrap();
    required.insert(0, "schema".into());
    (name.to_owned(), schema.into())
}

fn of<R: Report + JsonSchema>() -> (String, Value) {
    document::<R>(R::SCHEMA)
}

/// Every form. Two that have the same name would hide each other.
fn all() -> BTreeMap<String, Value> {
    let forms = [
        of::<Audit>(),
        of::<CapturedPacket>(),
        of::<CaptureEnd>(),
        of::<Check>(),
        of::<Diagnosis>(),
        of::<DroppedPacket>(),
        of::<Drops>(),
        of::<LastDrops>(),
        of::<MissedDrops>(),
        of::<Comparison>(),
        of::<ConfigurationApplied>(),
        of::<Event>(),
        of::<Events>(),
        of::<Gap>(),
        of::<Top>(),
        of::<Fabric>(),
        of::<FabricDeed>(),
        of::<Network>(),
        of::<Restored>(),
        of::<Trace>(),
        of::<Trial>(),
        of::<Demo>(),
        of::<EndedDemos>(),
        of::<Gateway>(),
        of::<Gateways>(),
        of::<HostDifference>(),
        of::<HostObjects>(),
        of::<Import>(),
        of::<Instances>(),
        of::<Leases>(),
        of::<Lookup>(),
        of::<Networks>(),
        of::<Outcome>(),
        of::<Port>(),
        of::<Ports>(),
        of::<Rehearsal>(),
        of::<Routes>(),
        of::<RoutesChanged>(),
        of::<Status>(),
        of::<Uplink>(),
        of::<Uplinks>(),
        of::<Version>(),
        of::<crate::config::Imported>(),
        document::<Refused>("vgw.error/1"),
    ];
    let count = forms.len();
    let forms = BTreeMap::from(forms);
    assert_eq!(forms.len(), count, "two forms have one name");
    forms
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema")
}

/// `vgw.status/1` is in `vgw.status-1.json`.
fn file(name: &str) -> PathBuf {
    folder().join(name.replace('/', "-") + ".json")
}

#[test]
fn the_published_forms_are_those_of_the_reports() {
    let forms = all();
    if std::env::var_os("VGW_BLESS").is_some() {
        fs::create_dir_all(folder()).unwrap();
        for (name, schema) in &forms {
            fs::write(file(name), format!("{schema:#}\n")).unwrap();
        }
    }
    for (name, schema) in &forms {
        let published = fs::read_to_string(file(name)).unwrap_or_default();
        assert_eq!(published, format!("{schema:#}\n"), "{name}: VGW_BLESS=1 cargo test --lib schemas");
    }
    assert_eq!(fs::read_dir(folder()).unwrap().count(), forms.len(), "a published form that nothing has");
}

/// A report that is forgotten in [`all`] would have no published form.
#[test]
fn every_report_is_published() {
    let mut named = vec!["vgw.error/1".to_owned()];
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/render")).unwrap() {
        let path = entry.unwrap().path();
        let text = if path.is_file() { fs::read_to_string(path).unwrap() } else { String::new() };
        let names = text.split("const SCHEMA: &'static str = \"").skip(1);
        named.extend(names.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    named.sort();
    assert_eq!(named, all().into_keys().collect::<Vec<_>>());
}
