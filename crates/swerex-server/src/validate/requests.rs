//! The bodies of the endpoints.

use swerex_proto::{
    Action, BashAction, BashInterruptAction, Check, CloseBashSessionRequest, Command, CommandLine,
    CreateBashSessionRequest, ReadFileRequest, WriteFileRequest,
    native::{TerminalRequest, TerminalSize},
};

use super::{
    Invalid,
    body::{self, Body},
    model::{Checked, Field, Kind, check, nullable, optional, required},
};

const COMMAND: &[Field] = &[
    required("command", Kind::CommandLine),
    nullable("timeout", Kind::Float),
    optional("shell", Kind::Bool),
    optional("check", Kind::Bool),
    optional("error_msg", Kind::Str),
    nullable("env", Kind::StringMap),
    nullable("cwd", Kind::Str),
    optional("merge_output_streams", Kind::Bool),
];

/// Body of `/execute`.
pub(crate) fn command(content_type: Option<&[u8]>, bytes: &[u8]) -> Result<Command, Invalid> {
    let body = Body::new(content_type, bytes)?;
    let mut fields = plain(&body, COMMAND)?;
    Ok(Command {
        command: match fields.strings("command") {
            Some(argv) => CommandLine::Argv(argv),
            None => CommandLine::Shell(fields.string("command").unwrap_or_default()),
        },
        timeout: fields.float("timeout"),
        shell: fields.bool("shell").unwrap_or_default(),
        check: fields.bool("check").unwrap_or_default(),
        error_msg: fields.string("error_msg").unwrap_or_default(),
        env: fields
            .string_map("env")
            .map(|members| members.into_iter().collect()),
        cwd: fields.string("cwd"),
        merge_output_streams: fields.bool("merge_output_streams").unwrap_or_default(),
    })
}

const READ_FILE: &[Field] = &[
    required("path", Kind::Str),
    nullable("encoding", Kind::Str),
    nullable("errors", Kind::Str),
];

/// Body of `/read_file`.
pub(crate) fn read_file(
    content_type: Option<&[u8]>,
    bytes: &[u8],
) -> Result<ReadFileRequest, Invalid> {
    let body = Body::new(content_type, bytes)?;
    let mut fields = plain(&body, READ_FILE)?;
    Ok(ReadFileRequest {
        path: fields.string("path").unwrap_or_default(),
        encoding: fields.string("encoding"),
        errors: fields.string("errors"),
    })
}

const WRITE_FILE: &[Field] = &[required("content", Kind::Str), required("path", Kind::Str)];

/// Body of `/write_file`.
pub(crate) fn write_file(
    content_type: Option<&[u8]>,
    bytes: &[u8],
) -> Result<WriteFileRequest, Invalid> {
    let body = Body::new(content_type, bytes)?;
    let mut fields = plain(&body, WRITE_FILE)?;
    Ok(WriteFileRequest {
        content: fields.string("content").unwrap_or_default(),
        path: fields.string("path").unwrap_or_default(),
    })
}

const CREATE_BASH_SESSION: &[Field] = &[
    optional("startup_source", Kind::Strings),
    optional("session", Kind::Str),
    optional("startup_timeout", Kind::Float),
];

/// Body of `/create_session`.
pub(crate) fn create_session(
    content_type: Option<&[u8]>,
    bytes: &[u8],
) -> Result<CreateBashSessionRequest, Invalid> {
    let body = Body::new(content_type, bytes)?;
    let object = body.object()?;
    let tag = body::tag(&object, "session_type", &["bash"])?;
    let mut fields = check(object, CREATE_BASH_SESSION, &["body", tag])?;
    let default = CreateBashSessionRequest::default();
    Ok(CreateBashSessionRequest {
        startup_source: fields.strings("startup_source").unwrap_or_default(),
        session: fields.string("session").unwrap_or(default.session),
        startup_timeout: fields
            .float("startup_timeout")
            .unwrap_or(default.startup_timeout),
    })
}

const CLOSE_BASH_SESSION: &[Field] = &[optional("session", Kind::Str)];

/// Body of `/close_session`.
pub(crate) fn close_session(
    content_type: Option<&[u8]>,
    bytes: &[u8],
) -> Result<CloseBashSessionRequest, Invalid> {
    let body = Body::new(content_type, bytes)?;
    let object = body.object()?;
    let tag = body::tag(&object, "session_type", &["bash"])?;
    let mut fields = check(object, CLOSE_BASH_SESSION, &["body", tag])?;
    let default = CloseBashSessionRequest::default();
    Ok(CloseBashSessionRequest {
        session: fields.string("session").unwrap_or(default.session),
    })
}

const BASH_ACTION: &[Field] = &[
    required("command", Kind::Str),
    optional("session", Kind::Str),
    nullable("timeout", Kind::Float),
    optional("is_interactive_command", Kind::Bool),
    optional("is_interactive_quit", Kind::Bool),
    optional("check", Kind::OneOf(&["silent", "raise", "ignore"])),
    optional("error_msg", Kind::Str),
    optional("expect", Kind::Strings),
];

const BASH_INTERRUPT_ACTION: &[Field] = &[
    optional("session", Kind::Str),
    optional("timeout", Kind::Float),
    optional("n_retry", Kind::Int),
    optional("expect", Kind::Strings),
];

/// Body of `/run_in_session`.
pub(crate) fn run_in_session(content_type: Option<&[u8]>, bytes: &[u8]) -> Result<Action, Invalid> {
    let body = Body::new(content_type, bytes)?;
    let object = body.object()?;
    let tag = body::tag(&object, "action_type", &["bash", "bash_interrupt"])?;
    if tag == "bash" {
        let mut fields = check(object, BASH_ACTION, &["body", tag])?;
        let default = BashAction::new("");
        return Ok(Action::Bash(BashAction {
            command: fields.string("command").unwrap_or_default(),
            session: fields.string("session").unwrap_or(default.session),
            timeout: fields.float("timeout"),
            is_interactive_command: fields.bool("is_interactive_command").unwrap_or_default(),
            is_interactive_quit: fields.bool("is_interactive_quit").unwrap_or_default(),
            check: match fields.string("check").as_deref() {
                Some("silent") => Check::Silent,
                Some("ignore") => Check::Ignore,
                _ => Check::Raise,
            },
            error_msg: fields.string("error_msg").unwrap_or_default(),
            expect: fields.strings("expect").unwrap_or_default(),
        }));
    }
    let mut fields = check(object, BASH_INTERRUPT_ACTION, &["body", tag])?;
    let default = BashInterruptAction::default();
    Ok(Action::BashInterrupt(BashInterruptAction {
        session: fields.string("session").unwrap_or(default.session),
        timeout: fields.float("timeout").unwrap_or(default.timeout),
        n_retry: fields.int("n_retry").unwrap_or(default.n_retry),
        expect: fields.strings("expect").unwrap_or_default(),
    }))
}

const ROWS: Field = required("rows", Kind::Extent);
const COLS: Field = required("cols", Kind::Extent);

/// Body of `/native/terminal/size`.
pub(crate) fn terminal_size(
    content_type: Option<&[u8]>,
    bytes: &[u8],
) -> Result<TerminalSize, Invalid> {
    let body = Body::new(content_type, bytes)?;
    Ok(size(&plain(&body, &[ROWS, COLS])?))
}

fn size(fields: &Checked<'_>) -> TerminalSize {
    let extent = |name| {
        let extent = fields.int(name).unwrap_or_default();
        u16::try_from(extent).unwrap_or(u16::MAX)
    };
    TerminalSize {
        rows: extent("rows"),
        cols: extent("cols"),
    }
}

const TERMINAL: &[Field] = &[
    ROWS,
    COLS,
    nullable("term", Kind::Str),
    nullable("lang", Kind::Str),
    nullable("command", Kind::Strings),
    nullable("cwd", Kind::Str),
    nullable("env", Kind::StringMap),
];

/// Body of `/native/terminal`.
pub(crate) fn terminal(
    content_type: Option<&[u8]>,
    bytes: &[u8],
) -> Result<TerminalRequest, Invalid> {
    let body = Body::new(content_type, bytes)?;
    let mut fields = plain(&body, TERMINAL)?;
    let env = fields.string_map("env").unwrap_or_default();
    Ok(TerminalRequest {
        size: size(&fields),
        term: fields.string("term"),
        lang: fields.string("lang"),
        command: fields.strings("command"),
        cwd: fields.string("cwd"),
        env: env.into_iter().collect(),
    })
}

fn plain<'a>(body: &'a Body<'_>, fields: &[Field]) -> Result<Checked<'a>, Invalid> {
    check(body.object()?, fields, &["body"])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::validate::details_body;

    const JSON: Option<&[u8]> = Some(b"application/json");

    /// The body of the 422.
    fn complaints<T: std::fmt::Debug>(outcome: Result<T, Invalid>) -> String {
        match outcome {
            Err(Invalid::Fields(details)) => {
                String::from_utf8(details_body(&details).unwrap()).unwrap()
            }
            other => panic!("{other:?}"),
        }
    }

    // What FastAPI answered, byte by byte.
    #[test]
    fn complaints_in_the_order_of_the_fields() {
        let body = br#"{"action_type":"bash","command":5,"timeout":"x","is_interactive_quit":7,"check":null,"expect":[1,"a",null]}"#;
        assert_eq!(
            complaints(run_in_session(JSON, body)),
            r#"{"detail":[{"type":"string_type","loc":["body","bash","command"],"msg":"Input should be a valid string","input":5},{"type":"float_parsing","loc":["body","bash","timeout"],"msg":"Input should be a valid number, unable to parse string as a number","input":"x"},{"type":"bool_parsing","loc":["body","bash","is_interactive_quit"],"msg":"Input should be a valid boolean, unable to interpret input","input":7},{"type":"literal_error","loc":["body","bash","check"],"msg":"Input should be 'silent', 'raise' or 'ignore'","input":null,"ctx":{"expected":"'silent', 'raise' or 'ignore'"}},{"type":"string_type","loc":["body","bash","expect",0],"msg":"Input should be a valid string","input":1},{"type":"string_type","loc":["body","bash","expect",2],"msg":"Input should be a valid string","input":null}]}"#
        );
        assert_eq!(
            complaints(command(JSON, br#"{"command":["echo",5],"env":{"A":null}}"#)),
            r#"{"detail":[{"type":"string_type","loc":["body","command","str"],"msg":"Input should be a valid string","input":["echo",5]},{"type":"string_type","loc":["body","command","list[str]",1],"msg":"Input should be a valid string","input":5},{"type":"string_type","loc":["body","env","A"],"msg":"Input should be a valid string","input":null}]}"#
        );
        assert_eq!(
            complaints(create_session(JSON, br#"{"session_type":[1.0,"it's"]}"#)),
            r#"{"detail":[{"type":"union_tag_invalid","loc":["body"],"msg":"Input tag '[1.0, \"it's\"]' found using 'session_type' does not match any of the expected tags: 'bash'","input":{"session_type":[1.0,"it's"]},"ctx":{"discriminator":"'session_type'","tag":"[1.0, \"it's\"]","expected_tags":"'bash'"}}]}"#
        );
        assert_eq!(
            complaints(command(None, br#"{"command":["x"]}"#)),
            r#"{"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":"{\"command\":[\"x\"]}"}]}"#
        );
        assert_eq!(
            complaints(command(JSON, b"")),
            r#"{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}"#
        );
    }

    #[test]
    fn coercions_and_defaults() {
        let read = command(
            JSON,
            br#"{"command":"ls","timeout":"5","shell":"yes","check":1,"env":null,"bogus":[]}"#,
        )
        .unwrap();
        assert_eq!(read.timeout, Some(5.0));
        assert!(read.shell && read.check && !read.merge_output_streams);
        assert_eq!(read.env, None);
        let Ok(Action::BashInterrupt(interrupt)) =
            run_in_session(JSON, br#"{"action_type":"bash_interrupt","n_retry":"4"}"#)
        else {
            panic!("an interrupt was sent");
        };
        assert_eq!(interrupt.n_retry, 4);
        assert_eq!(interrupt.timeout, 0.2);
    }

    proptest! {
        #[test]
        fn any_body_is_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = command(JSON, &bytes);
            let _ = run_in_session(JSON, &bytes);
        }

        #[test]
        fn any_text_like_json_is_answered(text in r#"[\[\]{}",:0-9eE.\\+unltrfasN \-"]{0,60}"#) {
            let _ = command(JSON, text.as_bytes());
            let _ = create_session(JSON, text.as_bytes());
        }
    }
}
