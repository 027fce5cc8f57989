//! The documentation of generated items.

use super::{
    description::{Action, Description, Member},
    overlay::{Idempotence, Overlay},
};

const WIDTH: usize = 100;

/// `paragraphs` as `///` lines at `indent`, with an empty line between them.
pub(super) fn comment(indent: &str, paragraphs: &[String]) -> String {
    let mut text = String::new();
    for (at, paragraph) in paragraphs.iter().enumerate() {
        if at > 0 {
            text.push_str(&format!("{indent}///\n"));
        }
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                text.push_str(&format!("{indent}/// {line}\n"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        text.push_str(&format!("{indent}/// {line}\n"));
    }
    text
}

/// What a structure is for.
pub(super) fn structure(name: &str, description: &Description, overlay: &Overlay) -> Vec<String> {
    let words = overlay.structure_doc(name).map(str::to_owned);
    let Some((action_name, action)) = description.action_of(name) else {
        return vec![
            words.unwrap_or_else(|| format!("`{name}`; the public sources give its members only.")),
        ];
    };
    let part = if action.input == name {
        "Request"
    } else {
        "Reply"
    };
    let mut paragraphs = vec![format!("{part} of `{action_name}`.")];
    paragraphs.extend(words);
    if action.input == name {
        paragraphs.extend(self::action(action_name, action, overlay));
    }
    paragraphs
}

/// What an action does, how often it may be called, and whether it may be repeated.
pub(super) fn action(name: &str, action: &Action, overlay: &Overlay) -> Vec<String> {
    let mut paragraphs = Vec::new();
    let Some(notes) = overlay.actions.get(name) else {
        return paragraphs;
    };
    paragraphs.push(notes.doc.clone());
    let repeat = match notes.idempotence {
        Idempotence::Safe => "It may be repeated",
        Idempotence::SameId => "It may be repeated with the same `ClientToken`",
        Idempotence::Never => "It is not repeated after an unknown outcome",
    };
    let limit = match action.rate_limit_per_s {
        Some(limit) => format!(
            "Limit: {limit} calls a second ([rate limits]({})).",
            overlay.rate_limit_page
        ),
        None => "Limit: not documented.".to_owned(),
    };
    paragraphs.push(format!("{repeat}: {}. {limit}", notes.why));
    if let Some(errors) = &action.errors {
        let codes: Vec<String> = errors.iter().map(|code| format!("`{code}`")).collect();
        paragraphs.push(format!("Documented errors: {}.", codes.join(", ")));
    }
    let page = notes.page.as_deref().unwrap_or(&overlay.default_page);
    paragraphs.push(format!(
        "Source: API description {}, <{page}>.",
        "2025-09-20"
    ));
    paragraphs
}

/// What a member means, its type on the wire, and its known values.
pub(super) fn member(structure: &str, member: &Member, overlay: &Overlay) -> Vec<String> {
    let mut paragraphs = Vec::new();
    let words = match member.name.as_str() {
        "RequestId" if overlay.member_doc(structure, "RequestId").is_none() => {
            Some("Id of the request, for the vendor's support.")
        }
        name => overlay.member_doc(structure, name),
    };
    paragraphs.extend(words.map(str::to_owned));

    let mut facts = vec![format!("`{}`: {}", member.name, wire_type(member))];
    for (holds, fact) in [
        (member.required, "required"),
        (member.output_required, "always in replies"),
        (member.nullable, "may be null"),
        (member.disabled, "disabled"),
        (overlay.is_secret(structure, &member.name), "secret"),
    ] {
        if holds {
            facts.push(fact.to_owned());
        }
    }
    let mut line = facts.join(", ") + ".";
    for (label, values) in [
        ("Known values", &member.known),
        ("Also seen", &member.observed),
    ] {
        if !values.is_empty() {
            let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            line.push_str(&format!(" {label}: {}.", values.join(", ")));
        }
    }
    paragraphs.push(line);
    paragraphs
}

fn wire_type(member: &Member) -> String {
    match (member.kind.as_str(), member.member.as_deref()) {
        ("list", Some(item)) => format!("list of {item}"),
        ("object", Some(structure)) => format!("object {structure}"),
        (kind, _) => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_wrapped_and_kept_apart() {
        let paragraphs = ["one two".to_owned(), "word ".repeat(30)];
        let text = comment("  ", &paragraphs);
        assert!(text.starts_with("  /// one two\n  ///\n  /// word word"));
        assert!(text.lines().all(|line| line.len() <= WIDTH + 6), "{text}");
        assert_eq!(text.matches("word").count(), 30);
    }

    #[test]
    fn a_member_says_type_duty_and_values() {
        let description = include_str!("../../../fixtures/ags/api-2025-09-20.json");
        let description = Description::parse(description).unwrap();
        let overlay = Overlay::parse(include_str!("../../../fixtures/ags/overlay.json")).unwrap();
        let tool = &description.objects["SandboxTool"].members;
        let status = tool.iter().find(|member| member.name == "Status").unwrap();
        assert_eq!(
            member("SandboxTool", status, &overlay),
            [
                "Only `ACTIVE` starts instances.",
                "`Status`: string, always in replies. Known values: `CREATING`, `ACTIVE`, `DELETING`, `FAILED`. \
                 Also seen: `ISOLATED`.",
            ]
        );
        let start = structure("StartSandboxInstanceRequest", &description, &overlay).join("\n");
        for fact in [
            "Limit: 100 calls a second",
            "`LimitExceeded.SandboxInstance`",
            "1814/132337",
            "same `ClientToken`",
        ] {
            assert!(start.contains(fact), "{fact}: {start}");
        }
    }
}
