//! `cloakwork keygen`.

use crate::arguments::Keygen;
use crate::passphrase;
use cloakwork::process::{EXIT_REFUSED, Failure};
use cloakwork::{Error, Keyset, ProgramSpec, Randomness, files};
use cloakwork_runtime::client::ClientError;
use cloakwork_runtime::formats::{Passphrase, generate_to_file};
use cloakwork_runtime::output_file::Content;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) fn keygen(arguments: &Keygen) -> Result<(), Failure> {
    let spec = files::load_spec(&arguments.program)?;
    let (secret, evaluation) = places(arguments)?;
    let is_for_public = |spec: &ProgramSpec| spec.public_key;
    if arguments.public_key && !spec.functions().iter().any(is_for_public) {
        return Err(ClientError::SecretOnly(arguments.program.display().to_string()).into());
    }
    let public = arguments.public_key.then(|| secret.with_file_name("public.key"));
    let files = [(&secret, Content::SecretKeys), (&evaluation, Content::EvaluationKeys)];
    let more = public.iter().map(|path| (path, Content::EvaluationKeys));
    for (path, content) in files.into_iter().chain(more) {
        files::check_place_of_keys(path, content)?;
        if path.exists() && !arguments.force {
            let message = format!(
                "`{}` is there already; choose another place, or replace it with `--force` and lose what it encrypted",
                path.display()
            );
            return Err(Failure::new(EXIT_REFUSED, message));
        }
    }
    let passphrase = match &arguments.passphrase_file {
        Some(file) => Some(passphrase::read(file)?),
        None if arguments.passphrase => Some(passphrase::ask_for_new()?),
        None => None,
    };
    generate_into(spec.keyset(), (&secret, passphrase.as_ref()), &evaluation, public.as_deref())
}

/// Makes keys into those files, whatever is there; secret ones under the passphrase, if there is one, and a public one if wished.
pub(crate) fn generate_into(
    keyset: &Keyset,
    (secret, passphrase): (&Path, Option<&Passphrase>),
    evaluation: &Path,
    public: Option<&Path>,
) -> Result<(), Failure> {
    let bar = ProgressBar::new(1);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {bar:30} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    let keys = generate_to_file(keyset, Randomness::Secure, evaluation, &|progress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
        bar.set_message(progress.key.to_owned());
    });
    bar.finish_and_clear();
    // The secret comes last: a lone evaluation key is of no use and can be made again.
    let secret_keys = keys?;
    if let Some(public) = public {
        secret_keys.public_key(Randomness::Secure).write(public)?;
    }
    match passphrase {
        Some(passphrase) => Ok(secret_keys.write_under(secret, passphrase)?),
        None => Ok(secret_keys.write(secret)?),
    }
}

fn places(arguments: &Keygen) -> Result<(PathBuf, PathBuf), Failure> {
    match (&arguments.output, &arguments.secret, &arguments.evaluation) {
        (None, Some(secret), Some(evaluation)) => Ok((secret.clone(), evaluation.clone())),
        (folder, _, _) => {
            let folder = folder.as_deref().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder).map_err(|source| Error::File {
                action: "make the folder",
                path: folder.display().to_string(),
                source,
            })?;
            Ok((folder.join("secret.key"), folder.join("evaluation.key")))
        }
    }
}
