//! Every structure and action of the description, checked against the description itself.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod list;

use ags_api::{Action, Idempotence, description};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// The description as it is on disk, read without the generated code.
fn fixture() -> Value {
    serde_json::from_str(include_str!("../../../../fixtures/ags/api-2025-09-20.json")).unwrap()
}

/// A value with every member of `structure`, each different from its default.
fn sample(fixture: &Value, structure: &str) -> Value {
    let mut sample = Map::new();
    for member in fixture["objects"][structure]["members"].as_array().unwrap() {
        let item = |kind: &str| match kind {
            "string" => json!(format!("a {} that nobody knows", member["name"])),
            "int64" => json!(-7),
            "uint64" => json!(u64::MAX),
            "float" => json!(2.5),
            "bool" => json!(true),
            other => self::sample(fixture, other),
        };
        let inner = || member["member"].as_str().unwrap();
        let value = match member["type"].as_str().unwrap() {
            "object" => item(inner()),
            "list" => json!([item(inner()), item(inner())]),
            scalar => item(scalar),
        };
        sample.insert(member["name"].as_str().unwrap().to_owned(), value);
    }
    Value::Object(sample)
}

fn structure<T>(name: &str)
where
    T: DeserializeOwned + Serialize + Default + PartialEq + Clone + std::fmt::Debug,
{
    let fixture = fixture();

    let empty: T = serde_json::from_value(json!({})).unwrap();
    assert_eq!(empty, T::default(), "{name}");
    assert_eq!(serde_json::to_value(&empty).unwrap(), json!({}), "{name}");

    let mut whole = sample(&fixture, name);
    let typed: T = serde_json::from_value(whole.clone()).unwrap();
    assert_eq!(serde_json::to_value(&typed).unwrap(), whole, "{name}");
    let extras = format!("{typed:?}").matches("extra: {\"").count();
    assert_eq!(extras, 0, "{name}: every described member has a field");

    whole["NobodyKnows"] = json!({"This": ["member", 1, null]});
    let typed: T = serde_json::from_value(whole.clone()).unwrap();
    assert_eq!(serde_json::to_value(&typed).unwrap(), whole, "{name}");

    let nulls: Map<String, Value> = sample(&fixture, name)
        .as_object()
        .unwrap()
        .keys()
        .map(|member| (member.clone(), Value::Null))
        .collect();
    let typed: T = serde_json::from_value(Value::Object(nulls)).unwrap();
    assert_eq!(typed, T::default(), "{name}: null is as good as absent");

    let info = description::structure(name).unwrap();
    let described = fixture["objects"][name]["members"].as_array().unwrap();
    assert_eq!(info.members.len(), described.len(), "{name}");
    for (member, described) in info.members.iter().zip(described) {
        assert_eq!(described["name"], member.name, "{name}");
        for (flag, key) in [
            (member.required(), "required"),
            (member.nullable(), "nullable"),
            (member.always_in_replies(), "output_required"),
            (member.disabled(), "disabled"),
        ] {
            assert_eq!(
                described[key].as_bool().unwrap_or(false),
                flag,
                "{name}.{} {key}",
                member.name
            );
        }
    }
    assert_eq!(
        description::problems(name, &sample(&fixture, name)),
        [],
        "{name}"
    );
}

fn action<A: Action + Default + DeserializeOwned + PartialEq + std::fmt::Debug>(name: &str)
where
    A::Reply: Default + Serialize + PartialEq + std::fmt::Debug,
{
    let described = &fixture()["actions"][name];
    let info = description::action(name).unwrap();
    assert_eq!(A::NAME, name);
    assert_eq!(described["input"], info.input);
    assert_eq!(described["output"], info.output);
    assert_eq!(
        described["rate_limit_per_s"].as_u64(),
        A::RATE_LIMIT_PER_SECOND.map(u64::from),
        "{name}"
    );
    assert_eq!(info.rate_limit_per_second, A::RATE_LIMIT_PER_SECOND);
    assert_eq!(info.idempotence, A::IDEMPOTENCE);
    let has_token = description::structure(info.input)
        .unwrap()
        .member("ClientToken")
        .is_some();
    assert_eq!(has_token, A::IDEMPOTENCE == Idempotence::SameId, "{name}");

    let request: A = serde_json::from_value(json!({})).unwrap();
    assert_eq!(
        (serde_json::to_value(&request).unwrap(), request),
        (json!({}), A::default())
    );
    let reply: A::Reply = serde_json::from_value(json!({})).unwrap();
    assert_eq!(
        (serde_json::to_value(&reply).unwrap(), reply),
        (json!({}), A::Reply::default())
    );
}

#[test]
fn structures_round_trip_whole_empty_and_with_unknown_members() {
    list::structures();
}

#[test]
fn actions_are_as_described() {
    list::actions();
}

#[test]
fn nothing_is_left_out() {
    let fixture = fixture();
    assert_eq!(description::actions().len(), 60);
    assert_eq!(description::structures().len(), 181);
    assert_eq!(
        description::structures()
            .iter()
            .map(|info| info.members.len())
            .sum::<usize>(),
        704
    );
    assert_eq!(fixture["actions"].as_object().unwrap().len(), 60);
    assert_eq!(fixture["objects"].as_object().unwrap().len(), 181);
    assert_eq!(fixture["error_codes"], json!(description::error_codes()));
    assert!(description::actions().is_sorted_by_key(|info| info.name));
    assert!(description::structures().is_sorted_by_key(|info| info.name));
}

#[test]
fn problems_are_found_with_their_path() {
    use description::Problem::{Missing, Mistyped, Unknown};
    let request = json!({
        "ToolName": "x",
        "ToolType": 5,
        "NetworkConfiguration": {},
        "CustomConfiguration": {"Ports": [{"Port": "8000"}], "DNSConfig": {"Servers": null}},
        "Nonsense": 1
    });
    assert_eq!(
        description::problems("CreateSandboxToolRequest", &request),
        [
            Mistyped("ToolType".into()),
            Missing("NetworkConfiguration.NetworkMode".into()),
            Mistyped("CustomConfiguration.Ports.0.Port".into()),
            Missing("CustomConfiguration.DNSConfig.Servers".into()),
            Unknown("Nonsense".into()),
        ]
    );
    assert_eq!(
        description::problems("StopSandboxInstanceRequest", &json!([])),
        [Mistyped(String::new())]
    );
}
