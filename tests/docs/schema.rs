//! Standard output keeps to `docs/record.schema.json`, in every format.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::support::{World, files, fixture, in_project, list0, mixed, name};

/// What `pattern` says of a path that is not UTF-8: base64.
const BASE64: &str = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$";

/// The schema, and as much of JSON Schema as it uses: a keyword that is not known here is a panic,
/// so that none is taken for granted. (The crate that knows all of them takes longer to compile
/// than all test programs together.)
struct Schema(Value);

impl Schema {
    fn read() -> Self {
        let text = fs::read(in_project("docs/record.schema.json")).unwrap();
        Self(serde_json::from_slice(&text).unwrap())
    }

    /// Whether `value` keeps to the part of the schema that a reference such as `#/$defs/mean` names.
    fn allows(&self, reference: &str, value: &Value) -> bool {
        let pointer = reference.strip_prefix('#').expect("a reference within");
        let part = self.0.pointer(pointer);
        self.holds(part.unwrap_or_else(|| panic!("no {reference}")), value)
    }

    fn holds(&self, schema: &Value, value: &Value) -> bool {
        let Some(keywords) = schema.as_object() else {
            return schema.as_bool().expect("a schema");
        };
        keywords.iter().all(|(keyword, rule)| match &**keyword {
            "$schema" | "$id" | "$defs" | "title" | "description" | "contentEncoding" => true,
            "const" => value == rule,
            "$ref" => self.allows(rule.as_str().unwrap(), value),
            "oneOf" => {
                let ways = rule.as_array().unwrap().iter();
                ways.filter(|way| self.holds(way, value)).count() == 1
            }
            "type" => match rule.as_str().unwrap() {
                "array" => value.is_array(),
                "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
                "null" => value.is_null(),
                "number" => value.is_number(),
                "object" => value.is_object(),
                "string" => value.is_string(),
                other => panic!("the type {other}"),
            },
            // The others say nothing of values of another type.
            "items" => value
                .as_array()
                .is_none_or(|items| items.iter().all(|item| self.holds(rule, item))),
            "properties" => rule.as_object().unwrap().iter().all(|(name, rule)| {
                let member = value.get(name);
                member.is_none_or(|member| self.holds(rule, member))
            }),
            "required" => {
                let mut names = rule.as_array().unwrap().iter();
                !value.is_object() || names.all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "minimum" => value
                .as_f64()
                .is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value
                .as_f64()
                .is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minLength" => value
                .as_str()
                .is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap()),
            "pattern" => {
                assert_eq!(rule, BASE64, "another pattern");
                value.as_str().is_none_or(is_base64)
            }
            other => panic!("the keyword {other}"),
        })
    }

    #[track_caller]
    fn hold(&self, reference: &str, value: &Value) {
        assert!(self.allows(reference, value), "not {reference}:\n{value:#}");
    }

    /// The schema lets later versions add members; this one writes those that it names, no more.
    #[track_caller]
    fn names_all_members(&self, record: &Value) {
        let kind = match record {
            _ if record.get("error").is_some() => "failed",
            _ if record.get("mean").is_some() => "done",
            _ => "planned",
        };
        let required = self.0["$defs"][kind]["required"].as_array().unwrap();
        let required: BTreeSet<_> = required.iter().map(|name| name.as_str().unwrap()).collect();
        let found: BTreeSet<_> = record
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(found, required, "{record}");
    }
}

fn is_base64(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let digits = text.trim_end_matches('=');
    text.len().is_multiple_of(4) && text.len() - digits.len() <= 2 && digits.bytes().all(known)
}

const RECORD: &str = "#";
const JSON: &str = "#/$defs/json";
const MEANS: &str = "#/$defs/means";

/// A world with every kind of record: done, failed, named in UTF-8 and not, of every sort of file.
fn everything() -> World {
    let world = mixed();
    world.bitmap(name(b"\xff\xfe.bmp"));
    world.bitmap("quote \" and\nline.bmp");
    world.write(name(b"\x80bad.bmp"), b"BM");
    fs::create_dir(world.path("folder.bmp")).unwrap();
    for path in files(&fixture("hand"), ".bmp") {
        fs::copy(&path, world.path(path.file_name().unwrap())).unwrap();
    }
    world
}

#[test]
fn every_format_keeps_to_the_schema() {
    let schema = Schema::read();
    let world = everything();
    for options in [&[][..], &["--update"], &["--dry-run"], &["--no-clobber"]] {
        let run = |format: &str| {
            let arguments = ["*.bmp", "gone.bmp", "-o", "out", "--format", format];
            world.rot90(arguments.iter().chain(options)).go().exit(1)
        };
        let records = run("jsonl").lines();
        assert!(records.len() > 8, "{records:?}");
        for record in &records {
            schema.hold(RECORD, record);
            schema.names_all_members(record);
        }
        assert!(
            records
                .iter()
                .any(|record| record["input"]["bytes"].is_string())
        );

        let array = run("json").json();
        schema.hold(JSON, &array);
        if options != ["--no-clobber"] {
            assert_eq!(array, Value::from(records.clone()));
        }
        let means = run("means").json();
        schema.hold(MEANS, &means);
        assert_eq!(means.as_array().unwrap().len(), records.len());
    }
}

#[test]
fn a_plan_keeps_to_the_schema() {
    let schema = Schema::read();
    let world = World::with(&["a.bmp", "b.bmp", "b_rot90.bmp"]);
    world.rot90(["a.bmp"]).go().exit(0);
    let plan = ["?.bmp", "*_rot90.bmp", "--dry-run", "--update", "--format"];
    let run = |format| world.rot90(plan.iter().chain(&[format])).go().exit(0);
    let records = run("jsonl").lines();
    for record in &records {
        schema.hold(RECORD, record);
    }
    let count = |member: &str| {
        let with = records.iter().filter(|record| !record[member].is_null());
        with.count()
    };
    assert_eq!(records.len(), 4, "{records:?}");
    assert_eq!(count("up_to_date"), 1, "{records:?}");
    assert_eq!(count("skipped"), 2, "{records:?}");
    let array = run("json").json();
    // The plan itself is told line by line alone.
    schema.hold(JSON, &array);
    assert_eq!(array.as_array().unwrap().len(), 2, "{array}");
}

#[test]
fn nothing_at_all_keeps_to_the_schema() {
    let schema = Schema::read();
    let world = World::new();
    world.write("list", list0(&[]));
    for (format, part) in [("json", JSON), ("means", MEANS)] {
        let ran = world
            .rot90(["--files0-from", "list", "--format", format])
            .go()
            .exit(0);
        schema.hold(part, &ran.json());
    }
}

#[test]
fn the_schema_refuses_what_is_no_record() {
    let schema = Schema::read();
    let done = json!({"input": "a", "output": "b", "width": 1, "height": 2, "mean": 3.5});
    schema.hold(RECORD, &done);
    let mut later = done.clone();
    later["added_later"] = json!(1);
    later["input"] = json!({"bytes": "/w=="});
    schema.hold(RECORD, &later);
    for (member, value) in [
        ("input", json!(1)),
        ("input", json!({"bytes": "not base64"})),
        ("input", json!({"bytes": "/w="})),
        ("output", json!(null)),
        ("width", json!(0)),
        ("height", json!(1.5)),
        ("mean", json!(255.5)),
        ("mean", json!("3.5")),
        ("error", json!("but done")),
    ] {
        let mut wrong = done.clone();
        wrong[member] = value;
        assert!(!schema.allows(RECORD, &wrong), "{wrong}");
    }
    for member in ["input", "output", "width", "height", "mean"] {
        let mut wrong = done.clone();
        wrong.as_object_mut().unwrap().remove(member);
        assert!(!schema.allows(RECORD, &wrong), "{wrong}");
    }
    assert!(!schema.allows(RECORD, &json!({"input": "a"})));
    assert!(!schema.allows(RECORD, &json!({"input": "a", "error": ""})));
    assert!(!schema.allows(MEANS, &json!(["1"])));
    assert!(!schema.allows(JSON, &done));
}
