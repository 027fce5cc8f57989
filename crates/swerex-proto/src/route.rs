//! Paths, headers and statuses.

/// `GET`: whether the server is there.
pub const IS_ALIVE: &str = "/is_alive";
/// `POST`: make a session.
pub const CREATE_SESSION: &str = "/create_session";
/// `POST`: run a command in a session, or interrupt it.
pub const RUN_IN_SESSION: &str = "/run_in_session";
/// `POST`: end a session.
pub const CLOSE_SESSION: &str = "/close_session";
/// `POST`: run a command outside of sessions.
pub const EXECUTE: &str = "/execute";
/// `POST`: read a text file.
pub const READ_FILE: &str = "/read_file";
/// `POST`: write a text file.
pub const WRITE_FILE: &str = "/write_file";
/// `POST`, multipart: bring a file or a zipped directory.
pub const UPLOAD: &str = "/upload";
/// `POST`: end all sessions.
pub const CLOSE: &str = "/close";

/// The server's key.
pub const X_API_KEY: &str = "x-api-key";
/// The environment variable from which the native server takes its key, so that it stands on no command line. It counts where the command line
/// gives none or an empty one, and is taken out of the environment of everything that the server runs. The Python server does not know it.
pub const AUTH_TOKEN_VARIABLE: &str = "SWEREX_AUTH_TOKEN";
/// The token for the AGS gateway in front of a server.
pub const X_ACCESS_TOKEN: &str = "x-access-token";
/// Names a request, so that a repeat of it is not carried out again.
pub const X_REQUEST_ID: &str = "x-request-id";

/// The status that carries an exception ([`ExceptionBody`](crate::exception::ExceptionBody)).
pub const STATUS_EXCEPTION: u16 = 511;

/// The version of SWE-ReX whose protocol this is.
pub const VERSION: &str = "1.4.0";
