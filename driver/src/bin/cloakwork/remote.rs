//! Programs at a service: `cloakwork call URL`, `cloakwork predict URL`.

use crate::arguments::{Call, Predict, Service};
use crate::keygen::generate_into;
use crate::passphrase;
use crate::values::{read_arguments, text_of};
use cloakwork::call::words;
use cloakwork::process::{EXIT_REFUSED, EXIT_USAGE, Failure, print};
use cloakwork::{ProgramSpec, SecretKeys};
use cloakwork_serve::client::{Client, ClientOptions, RemoteProgram};
use std::path::Path;

/// Environment variable for the token: on a command line others could read it.
const TOKEN: &str = "CLOAKWORK_TOKEN";

/// Whether a program is named by an address.
pub(crate) fn is_address(program: &Path) -> bool {
    program.to_str().is_some_and(|text| text.starts_with("http://") || text.starts_with("https://"))
}

pub(crate) fn call(arguments: &Call) -> Result<(), Failure> {
    let (program, secret) =
        connect(&arguments.url, arguments.function.as_deref(), &arguments.keys, &arguments.service)?;
    let values = words(program.spec(), read_arguments(&arguments.values)?)?;
    let mut results = program.call(&secret, &[values])?;
    print(&text_of(program.spec(), &results.remove(0)))
}

/// The model that `arguments` name, and keys for it.
pub(crate) fn model(arguments: &Predict) -> Result<(RemoteProgram, SecretKeys), Failure> {
    let Some(keys) = &arguments.keys else {
        let message = "name a folder for keys with `--keys`; they are made there if there are none";
        return Err(Failure::new(EXIT_USAGE, message));
    };
    let url = arguments.program.to_str().unwrap_or_default();
    connect(url, arguments.function.as_deref(), keys, &arguments.service)
}

/// The program at an address, with keys that are made and uploaded where that has not happened yet.
fn connect(
    url: &str,
    function: Option<&str>,
    folder: &Path,
    service: &Service,
) -> Result<(RemoteProgram, SecretKeys), Failure> {
    let (client, model) = Client::of_model(url, &options(service)?)?;
    let model = client.model(model.as_deref())?;
    let module = client.spec(&model.name)?;
    let spec: &ProgramSpec = module.function(function)?;
    let (secret, evaluation) = (folder.join("secret.key"), folder.join("evaluation.key"));
    match (secret.exists(), evaluation.exists()) {
        (true, true) => {}
        (false, false) => {
            std::fs::create_dir_all(folder)?;
            generate_into(module.keyset(), (&secret, None), &evaluation, None)?;
        }
        (true, false) | (false, true) => {
            let message = format!(
                "`{}` has one of `secret.key` and `evaluation.key`; both are needed, or none, and then they are made",
                folder.display()
            );
            return Err(Failure::new(EXIT_REFUSED, message));
        }
    }
    let keys = passphrase::read_keys(&spec.keyset, &secret, None)?;
    let uploaded = client.upload_file(&model.name, &evaluation)?;
    Ok((RemoteProgram::new(client, &model.name, Some(&spec.name), uploaded)?, keys))
}

fn options(service: &Service) -> Result<ClientOptions, Failure> {
    let token = match &service.token_file {
        Some(path) => Some(std::fs::read_to_string(path).map_err(|error| {
            Failure::new(EXIT_REFUSED, format!("`{}` cannot be read: {error}", path.display()))
        })?),
        None => std::env::var(TOKEN).ok(),
    };
    Ok(ClientOptions {
        token: token.map(|token| token.trim().to_owned()),
        root_certificates: service.root_certificates.clone(),
        timeout: None,
    })
}
