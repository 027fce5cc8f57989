//! One client method per action as Rust source.

use super::{MADE_BY, description::Description, docs, names, overlay::Overlay};

/// `client/actions.rs`.
pub(super) fn methods(description: &Description, overlay: &Overlay) -> String {
    let mut text = format!(
        "{MADE_BY}\n//! One method per action.\n\nuse crate::{{answer::Answer, client::Client, error::Error, model::*}};\n\nimpl Client {{\n"
    );
    for (name, action) in &description.actions {
        let mut paragraphs = docs::action(name, action, overlay);
        paragraphs.push("# Errors".to_owned());
        paragraphs.push("As [`Client::call`].".to_owned());
        text.push_str(&docs::comment("    ", &paragraphs));
        text.push_str(&format!(
            "    pub async fn {}(&self, request: &{}) -> Result<Answer<{}>, Error> {{\n        self.call(request).await\n    }}\n\n",
            names::snake(name),
            action.input,
            action.output
        ));
    }
    text.push_str("}\n");
    text
}
