//! Standard output keeps to `docs/record.schema.json`, in every format.
#![cfg(all(target_os = "linux", feature = "cli"))]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use boon::{Compiler, SchemaIndex, Schemas};
use common::{World, list0, mixed, name};
use serde_json::{Value, json};

struct Schema {
    schemas: Schemas,
    record: SchemaIndex,
    json: SchemaIndex,
    means: SchemaIndex,
    text: Value,
}

impl Schema {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/record.schema.json");
        let text: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        let at = text["$id"].as_str().unwrap();
        compiler.add_resource(at, text.clone()).unwrap();
        let mut compile = |part: &str| {
            let place = format!("{at}{part}");
            compiler.compile(&place, &mut schemas).unwrap()
        };
        let (record, json, means) = (
            compile(""),
            compile("#/$defs/json"),
            compile("#/$defs/means"),
        );
        Self {
            schemas,
            record,
            json,
            means,
            text,
        }
    }

    #[track_caller]
    fn hold(&self, schema: SchemaIndex, value: &Value) {
        if let Err(error) = self.schemas.validate(value, schema) {
            panic!("{error:#}\n{value:#}");
        }
    }

    fn refuses(&self, schema: SchemaIndex, value: &Value) -> bool {
        self.schemas.validate(value, schema).is_err()
    }

    /// The schema lets later versions add members; this one writes those that it names, no more.
    #[track_caller]
    fn names_all_members(&self, record: &Value) {
        let kind = match record {
            _ if record.get("error").is_some() => "failed",
            _ if record.get("mean").is_some() => "done",
            _ => "planned",
        };
        let required = self.text["$defs"][kind]["required"].as_array().unwrap();
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

/// A world with every kind of record: done, failed, named in UTF-8 and not, of every sort of file.
fn everything() -> World {
    let world = mixed();
    world.bitmap(name(b"\xff\xfe.bmp"));
    world.bitmap("quote \" and\nline.bmp");
    world.write(name(b"\x80bad.bmp"), b"BM");
    fs::create_dir(world.path("folder.bmp")).unwrap();
    for sample in fs::read_dir(common::fixture("hand")).unwrap() {
        let path = sample.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "bmp") {
            fs::copy(&path, world.path(path.file_name().unwrap())).unwrap();
        }
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
        let lines = run("jsonl");
        let text = String::from_utf8(lines.stdout).unwrap();
        let records: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert!(records.len() > 8, "{text}");
        for record in &records {
            schema.hold(schema.record, record);
            schema.names_all_members(record);
        }
        assert!(
            records
                .iter()
                .any(|record| record["input"]["bytes"].is_string())
        );

        let array: Value = serde_json::from_slice(&run("json").stdout).unwrap();
        schema.hold(schema.json, &array);
        if options != ["--no-clobber"] {
            assert_eq!(array, Value::from(records.clone()));
        }
        let means: Value = serde_json::from_slice(&run("means").stdout).unwrap();
        schema.hold(schema.means, &means);
        assert_eq!(means.as_array().unwrap().len(), records.len());
    }
}

#[test]
fn nothing_at_all_keeps_to_the_schema() {
    let schema = Schema::read();
    let world = World::new();
    world.write("list", list0(&[]));
    for (format, part) in [("json", schema.json), ("means", schema.means)] {
        let ran = world
            .rot90(["--files0-from", "list", "--format", format])
            .go()
            .exit(0);
        schema.hold(part, &serde_json::from_slice(&ran.stdout).unwrap());
    }
}

#[test]
fn the_schema_refuses_what_is_no_record() {
    let schema = Schema::read();
    let done = json!({"input": "a", "output": "b", "width": 1, "height": 2, "mean": 3.5});
    schema.hold(schema.record, &done);
    let mut later = done.clone();
    later["added_later"] = json!(1);
    schema.hold(schema.record, &later);
    for (member, value) in [
        ("input", json!(1)),
        ("input", json!({"bytes": "not base64"})),
        ("output", json!(null)),
        ("width", json!(0)),
        ("height", json!(1.5)),
        ("mean", json!(255.5)),
        ("mean", json!("3.5")),
        ("error", json!("but done")),
    ] {
        let mut wrong = done.clone();
        wrong[member] = value;
        assert!(schema.refuses(schema.record, &wrong), "{wrong}");
    }
    for member in ["input", "output", "width", "height", "mean"] {
        let mut wrong = done.clone();
        wrong.as_object_mut().unwrap().remove(member);
        assert!(schema.refuses(schema.record, &wrong), "{wrong}");
    }
    assert!(schema.refuses(schema.record, &json!({"input": "a"})));
    assert!(schema.refuses(schema.record, &json!({"input": "a", "error": ""})));
    assert!(schema.refuses(schema.means, &json!(["1"])));
    assert!(schema.refuses(schema.json, &done));
}
