//! From text in the llvm dialect to running code, every way out of the backend.
#![allow(clippy::unwrap_used, reason = "the lint's exception for tests does not reach their helpers")]

use cloakwork_abi::functions::{Context as RunContext, Entry, FunctionTable, SPEC_SECTION, SPEC_SYMBOL};
use cloakwork_backend_cpu::{
    BackendError, CLibrary, Jit, LIBRARY_FUNCTIONS, ObjectCode, RUNTIME_ARCHIVE, SPEC_LENGTH_SYMBOL, Target,
    assembly, compile, find_runtime_archive, jit, known_cpus, link_executable, link_shared, llvm_ir,
};
use melior::Context;
use melior::dialect::{DialectHandle, DialectRegistry};
use melior::ir::Module;
use melior::utility::register_all_llvm_translations;
use object::{Object, ObjectSection, ObjectSymbol};
use std::ffi::c_void;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs, mem, ptr, slice, thread};

const AXPY: &str = include_str!("axpy.mlir");
const ENTRY: &str = "cloakwork_entry_axpy";
const SPEC: &str = "{\"name\": \"axpy\", \"π\": \"\\u0000\"}";

#[test]
fn object_exports_entry_and_spec_and_needs_only_memory_functions() {
    let object = object(AXPY, &Target::Host);
    assert_eq!(object.symbols(), [ENTRY, SPEC_SYMBOL, SPEC_LENGTH_SYMBOL]);
    assert_eq!(object.entries().collect::<Vec<_>>(), [ENTRY]);
    let file = object::File::parse(object.bytes()).unwrap();
    let undefined: Vec<_> = file.symbols().filter(|s| s.is_undefined()).map(|s| s.name().unwrap()).collect();
    assert_eq!(undefined.iter().filter(|name| !name.is_empty()).collect::<Vec<_>>(), [&"memcpy"]);
    assert_eq!(file.section_by_name(SPEC_SECTION).unwrap().data().unwrap(), SPEC.as_bytes());
}

#[test]
fn object_survives_being_kept_as_bytes_and_damage_is_found() {
    let object = object(AXPY, &Target::Host);
    assert_eq!(ObjectCode::new(object.bytes().to_vec(), Target::Host).unwrap(), object);
    for bytes in [&b""[..], b"not an object", &object.bytes()[..100]] {
        let error = ObjectCode::new(bytes.to_vec(), Target::Host).unwrap_err();
        assert!(matches!(error, BackendError::MalformedObject { .. }), "{error}");
    }
}

#[test]
fn jit_computes_and_passes_the_status_on() {
    let jit = jit(&object(AXPY, &Target::Host)).unwrap();
    for length in [0, 1, 7, 64, 1025] {
        check_axpy(entry(&jit), length);
    }
    let spec: *const u8 = jit.lookup(SPEC_SYMBOL).unwrap().cast();
    let length: *const u64 = jit.lookup(SPEC_LENGTH_SYMBOL).unwrap().cast();
    // SAFETY: the object defines both symbols, the length is that of the spec.
    assert_eq!(unsafe { slice::from_raw_parts(spec, *length as usize) }, SPEC.as_bytes());
    let error = jit.lookup("scale_add").unwrap_err().to_string();
    assert!(error.contains("`scale_add`") && error.contains(ENTRY), "{error}");
}

#[test]
fn jit_has_every_library_function() {
    // For each function an entry that calls it on the first input and the first output.
    let call = |name: &str, middle: &str, result: &str| {
        format!(
            "llvm.func @{name}(!llvm.ptr, {middle}, i64) -> {result}
             llvm.func @cloakwork_entry_{name}(%c: !llvm.ptr, %i: !llvm.ptr, %o: !llvm.ptr) -> i32 {{
               %n = llvm.mlir.constant(40 : i64) : i64
               %byte = llvm.mlir.constant(5 : i32) : i32
               %from = llvm.load %i : !llvm.ptr -> !llvm.ptr
               %to = llvm.load %o : !llvm.ptr -> !llvm.ptr
               %r = llvm.call @{name}(%to, {}, %n) : (!llvm.ptr, {middle}, i64) -> {result}
               {}
               llvm.return %status : i32
             }}",
            if middle == "i32" { "%byte" } else { "%from" },
            if result == "i32" {
                "%zero = llvm.mlir.constant(0 : i32) : i32
                 %differs = llvm.icmp \"ne\" %r, %zero : i32
                 %status = llvm.zext %differs : i1 to i32"
            } else {
                "%status = llvm.mlir.constant(0 : i32) : i32"
            },
        )
    };
    let text = [
        call("bcmp", "!llvm.ptr", "i32"),
        call("memcmp", "!llvm.ptr", "i32"),
        call("memcpy", "!llvm.ptr", "!llvm.ptr"),
        call("memmove", "!llvm.ptr", "!llvm.ptr"),
        call("memset", "i32", "!llvm.ptr"),
    ];
    let jit = jit(&object(&text.join("\n"), &Target::Host)).unwrap();
    let run = |name: &str, input: &[u64; 5], output: &mut [u64; 5]| {
        let address = jit.lookup(&format!("cloakwork_entry_{name}")).unwrap();
        // SAFETY: the entries above have this signature and touch 40 bytes of either array.
        unsafe {
            let entry: Entry = mem::transmute(address);
            entry(ptr::null(), [input.as_ptr()].as_ptr(), [output.as_mut_ptr()].as_ptr())
        }
    };
    let (input, mut output) = ([1, 2, 3, 4, 5], [9; 5]);
    assert_eq!((run("memcmp", &input, &mut output), run("bcmp", &input, &mut output)), (1, 1));
    assert_eq!((run("memcpy", &input, &mut output), output), (0, input));
    assert_eq!((run("memcmp", &input, &mut output), run("bcmp", &input, &mut output)), (0, 0));
    assert_eq!((run("memset", &input, &mut output), output), (0, [0x0505_0505_0505_0505; 5]));
    assert_eq!((run("memmove", &input, &mut output), output), (0, input));
}

#[test]
fn compilations_and_runs_on_several_threads() {
    let jits: Vec<Jit> = thread::scope(|scope| {
        let workers: Vec<_> =
            (0..4).map(|_| scope.spawn(|| jit(&object(AXPY, &Target::Host)).unwrap())).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    thread::scope(|scope| {
        for length in 100..108 {
            let jit = &jits[length % jits.len()];
            scope.spawn(move || check_axpy(entry(jit), length));
        }
    });
    thread::spawn(move || drop(jits)).join().unwrap();
}

#[test]
fn loops_use_the_widest_vectors_of_the_processor() {
    let uses = |cpu: &str| {
        let text = with_module(AXPY, |module| assembly(module, SPEC, &cpu.parse().unwrap())).unwrap();
        [text.contains("%xmm"), text.contains("%ymm"), text.contains("%zmm")]
    };
    for cpu in ["x86-64-v4", "skylake-avx512", "sapphirerapids", "znver4", "znver5"] {
        assert!(uses(cpu)[2], "{cpu}");
    }
    assert_eq!(uses("x86-64-v3")[1..], [true, false]);
    assert_eq!(uses("x86-64"), [true, false, false]);
    assert_eq!(uses("host")[2], std::arch::is_x86_feature_detected!("avx512f"));
}

#[test]
fn llvm_ir_is_optimised_and_complete() {
    let text = with_module(AXPY, |module| llvm_ir(module, SPEC, &"x86-64-v4".parse().unwrap())).unwrap();
    for part in ["define i32 @cloakwork_entry_axpy(", "<8 x i64>", SPEC_SECTION, "x86_64-unknown-linux-gnu"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains("@scale_add"), "not inlined:\n{text}");
}

#[test]
fn same_input_same_bytes() {
    let first = object(AXPY, &Target::Host);
    assert_eq!(first, object(AXPY, &Target::Host));
    let directory = tempfile::tempdir().unwrap();
    let archive = stub_archive(directory.path(), STUB);
    let linked = |name: &str, link: &dyn Fn(&Path) -> Result<(), BackendError>| {
        let path = directory.path().join(name);
        link(&path).unwrap();
        fs::read(path).unwrap()
    };
    let shared = |path: &Path| link_shared(&first, None, path);
    assert_eq!(linked("a.so", &shared), linked("other.so", &shared));
    let executable = |path: &Path| link_executable(&first, &archive, CLibrary::Shared, path);
    assert_eq!(linked("a", &executable), linked("other", &executable));
}

#[test]
fn shared_library_loads_and_carries_the_spec() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("axpy.so");
    link_shared(&object(AXPY, &Target::Host), None, &path).unwrap();
    let bytes = fs::read(&path).unwrap();
    let file = object::File::parse(bytes.as_slice()).unwrap();
    assert_eq!(file.section_by_name(SPEC_SECTION).unwrap().data().unwrap(), SPEC.as_bytes());
    let (undefined, mut defined): (Vec<_>, Vec<_>) = file.dynamic_symbols().partition(|s| s.is_undefined());
    defined.sort_by_key(|symbol| symbol.name().unwrap());
    let defined: Vec<_> = defined.iter().map(|symbol| symbol.name().unwrap()).collect();
    assert_eq!(defined, [ENTRY, SPEC_SYMBOL, SPEC_LENGTH_SYMBOL]);
    assert!(
        undefined.iter().all(|symbol| LIBRARY_FUNCTIONS.contains(&symbol.name().unwrap())),
        "{undefined:?}"
    );
    // SAFETY: the library has no initialisers, and the entry has this signature.
    let library = unsafe { libloading::Library::new(&path).unwrap() };
    let entry = unsafe { *library.get::<Entry>(ENTRY.as_bytes()).unwrap() };
    check_axpy(entry, 1025);
    assert_eq!(names(directory.path()), ["axpy.so"]);
}

#[test]
fn executable_runs_with_the_runtime() {
    let directory = tempfile::tempdir().unwrap();
    let archive = stub_archive(directory.path(), STUB);
    let path = directory.path().join("axpy");
    // An entry whose symbol is no identifier of C.
    let object =
        object(&AXPY.replace("@cloakwork_entry_axpy", "@\"cloakwork_entry_a \\\"-x\""), &Target::Host);
    link_executable(&object, &archive, CLibrary::Shared, &path).unwrap();
    let run = Command::new(&path).args(["7", "x"]).output().unwrap();
    let expected = format!("3 arguments, 31 41, spec of {} bytes: {SPEC}\n", SPEC.len());
    assert_eq!(String::from_utf8(run.stdout).unwrap(), expected);
    assert_eq!(run.status.code(), Some(42));
    let bytes = fs::read(&path).unwrap();
    let file = object::File::parse(bytes.as_slice()).unwrap();
    assert_eq!(file.symbols().count(), 0, "not stripped");
    let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(has(b"spec of") && !has(b"nobody calls this"), "unused functions are still there");
}

#[test]
fn failed_links_leave_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let archive = stub_archive(directory.path(), "int not_the_entry(void) { return 0; }");
    let before = names(directory.path());
    let object = object(AXPY, &Target::Host);
    let error =
        link_executable(&object, &archive, CLibrary::Shared, &directory.path().join("out")).unwrap_err();
    assert!(matches!(error, BackendError::Linker { .. }), "{error}");
    assert!(error.to_string().contains("cloakwork_main"), "{error}");
    let error = link_executable(
        &object,
        &directory.path().join("none.a"),
        CLibrary::Shared,
        &directory.path().join("out"),
    )
    .unwrap_err();
    assert!(error.to_string().contains("none.a"), "{error}");
    let error = link_shared(&object, None, &directory.path().join("no/such/directory.so")).unwrap_err();
    assert!(error.to_string().contains("no/such"), "{error}");
    let two = AXPY
        .replace("@scale_add", "@cloakwork_entry_scale_add")
        .replace("%n: i64) {", "%n: !llvm.ptr) -> i32 {");
    let two = two.split("{\n").next().unwrap().to_owned() // a second entry that returns 0
        + "{\n  %z = llvm.mlir.constant(0 : i32) : i32\n  llvm.return %z : i32\n}\n"
        + &AXPY[AXPY.find("llvm.func @scale_add").unwrap()..];
    let error = link_executable(
        &self::object(&two, &Target::Host),
        &archive,
        CLibrary::Shared,
        &directory.path().join("out"),
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("has 2: `cloakwork_entry_axpy`, `cloakwork_entry_scale_add`"),
        "{error}"
    );
    assert_eq!(names(directory.path()), before);
}

#[test]
fn without_a_linker_the_error_says_so() {
    const MARK: &str = "CLOAKWORK_TEST_WITHOUT_LINKER";
    if let Some(output) = env::var_os(MARK) {
        let error = link_shared(&object(AXPY, &Target::Host), None, Path::new(&output)).unwrap_err();
        assert!(error.to_string().contains("none of `cc`, `gcc`, `clang` can be started"), "{error}");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let run = Command::new(env::current_exe().unwrap())
        .args(["--exact", "without_a_linker_the_error_says_so"])
        .env("PATH", directory.path())
        .env_remove("CC")
        .env(MARK, directory.path().join("out.so"))
        .output()
        .unwrap();
    assert!(
        run.status.success() && String::from_utf8_lossy(&run.stdout).contains("1 passed"),
        "{}",
        text(&run)
    );
    assert_eq!(names(directory.path()), [""; 0]);
}

#[test]
fn runtime_archive_is_found_or_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("my.a");
    let error = find_runtime_archive(Some(&path)).unwrap_err().to_string();
    assert!(error.contains("my.a") && error.contains(RUNTIME_ARCHIVE), "{error}");
    fs::write(&path, "").unwrap();
    assert_eq!(find_runtime_archive(Some(&path)).unwrap(), path);
    match find_runtime_archive(None) {
        Ok(found) => assert_eq!(found.file_name().unwrap(), RUNTIME_ARCHIVE),
        Err(BackendError::NoRuntimeArchive { searched, .. }) => {
            let beside = env::current_exe().unwrap().with_file_name(RUNTIME_ARCHIVE);
            assert!(
                searched.contains(&beside) && searched.iter().all(|place| !place.exists()),
                "{searched:?}"
            );
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn processors_are_checked_by_name() {
    for known in ["x86-64", "x86-64-v4", "znver5", "sapphirerapids", "aarch64"] {
        assert_eq!(known.parse::<Target>().unwrap().to_string(), known);
    }
    assert_eq!("host".parse::<Target>().unwrap(), Target::default());
    assert!(known_cpus().len() > 50);
    for unknown in ["", "i386", "cortex-a72", "znver55", "Host"] {
        let error = unknown.parse::<Target>().unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("`{unknown}` is no processor"))
                && error.contains("`host`, `aarch64` and"),
            "{error}"
        );
        assert!(error.contains("znver5"), "{error}");
    }
}

#[test]
fn what_code_needs_of_a_processor_is_listed() {
    let features = |name: &str| name.parse::<Target>().unwrap().processor().features;
    assert_eq!(features("x86-64"), [""; 0]);
    let (v3, v4) = (features("x86-64-v3"), features("x86-64-v4"));
    assert!(v3.contains(&"avx2".to_owned()) && v3.contains(&"fma".to_owned()), "{v3:?}");
    assert!(v3.iter().all(|feature| v4.contains(feature)) && v4.contains(&"avx512vl".to_owned()), "{v4:?}");
    // What was made for this machine runs on it, as far as its own detection sees.
    assert_eq!(Target::Host.processor().missing_here(), [""; 0]);
}

#[test]
fn code_for_arm_is_made_here() {
    let object = object(AXPY, &Target::Aarch64);
    let file = object::File::parse(object.bytes()).unwrap();
    assert_eq!(file.architecture(), object::Architecture::Aarch64);
    assert_eq!(object.entries().collect::<Vec<_>>(), [ENTRY]);
    assert_eq!(object, self::object(AXPY, &Target::Aarch64));
    let text = with_module(AXPY, |module| assembly(module, SPEC, &Target::Aarch64)).unwrap();
    assert!(text.contains("bl\tmemcpy") && text.contains("ldp\tx"), "{text}");
    let error = jit(&object).unwrap_err().to_string();
    assert!(error.contains("compiled for `aarch64`, this machine lacks"), "{error}");
}

#[test]
fn code_for_another_processor_is_not_run() {
    // The same bytes under every name: nothing runs, only the check is tested.
    let bytes = object(AXPY, &"x86-64".parse().unwrap()).bytes().to_vec();
    let (mut fit, mut unfit) = (Vec::new(), Vec::new());
    for cpu in known_cpus() {
        match jit(&ObjectCode::new(bytes.clone(), cpu.parse().unwrap()).unwrap()) {
            Ok(_) => fit.push(cpu),
            Err(error @ BackendError::OtherCpu { .. }) => unfit.push(error.to_string()),
            Err(other) => panic!("{cpu}: {other}"),
        }
    }
    assert!(fit.contains(&"x86-64".to_owned()), "{fit:?}");
    // No machine has the instructions of every maker.
    assert!(unfit.iter().all(|error| error.contains("this machine lacks ")) && !unfit.is_empty());
    assert_eq!(fit.contains(&"x86-64-v4".to_owned()), std::arch::is_x86_feature_detected!("avx512vl"));
}

#[test]
fn bad_modules_are_errors() {
    let cases: [(&str, &str); 8] = [
        ("func.func @f() { return }", "cannot be translated to LLVM IR: loc("),
        ("", "the module has no entry point, it defines no function"),
        (
            "llvm.func @f() { llvm.return }",
            "no entry point, it defines `f`; the symbol of an entry point starts with `cloakwork_entry_`",
        ),
        ("llvm.func @cloakwork_entry_f(!llvm.ptr) -> i32", "the module has no entry point"),
        (
            "llvm.func @cloakwork_entry_f(%a: !llvm.ptr, %b: i64) { llvm.return }",
            "`cloakwork_entry_f` has the type `void (ptr, i64)`, it must be",
        ),
        ("llvm.mlir.global constant @cloakwork_spec(1 : i64) : i64", "has a symbol `cloakwork_spec`"),
        (
            "llvm.func @elsewhere()
             llvm.func @cloakwork_entry_f(%a: !llvm.ptr, %b: !llvm.ptr, %c: !llvm.ptr) -> i32 {
               llvm.call @elsewhere() : () -> ()
               %z = llvm.mlir.constant(0 : i32) : i32
               llvm.return %z : i32
             }",
            "the code refers to `elsewhere`, which it does not define",
        ),
        (
            "llvm.func @cloakwork_entry_f(%a: !llvm.ptr, %b: !llvm.ptr, %c: !llvm.ptr) -> i32 {
               llvm.inline_asm has_side_effects \"no such instruction\", \"\" : () -> ()
               %z = llvm.mlir.constant(0 : i32) : i32
               llvm.return %z : i32
             }",
            "LLVM refuses the module while emitting code: ",
        ),
    ];
    for (source, expected) in cases {
        let error =
            with_module(source, |module| compile(module, SPEC, &Target::Host)).unwrap_err().to_string();
        assert!(error.contains(expected), "{source}\n{error}");
    }
}

/// A runtime of 30 lines: runs the entry on two words and prints what it was given.
const STUB: &str = r#"
#include <stdint.h>
#include <stdio.h>
typedef int (*entry_t)(const void *, const void *, void *);
static int keyswitch(const void *state, uint32_t key, uint64_t count, const uint64_t *in, uint64_t *out) {
  for (uint64_t i = 0; i < count; i++) out[i] += *(const uint64_t *)state;
  return 42;
}
int unused(void) { return puts("nobody calls this"); }
int cloakwork_main(int argc, char **argv, entry_t entry, const char *spec, uint64_t spec_len) {
  const void *functions[] = {(const void *)keyswitch};
  uint64_t state = 1, words = 2, x[] = {10, 10}, y[] = {0, 10}, out[2];
  const void *context[] = {functions, &state, &words, 0};
  const uint64_t *inputs[] = {x, y};
  uint64_t *outputs[] = {out};
  int status = entry(context, inputs, outputs);
  printf("%d arguments, %d %d, spec of %d bytes: %.*s\n", argc, (int)out[0], (int)out[1], (int)spec_len, (int)spec_len, spec);
  return status;
}
"#;

#[test]
fn nothing_but_regular_files_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let object = object(AXPY, &Target::Host);
    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    symlink("pipe", at("link to pipe")).unwrap();
    symlink("nothing", at("link to nothing")).unwrap();
    fs::create_dir(at("folder")).unwrap();
    for (name, part) in [
        ("pipe", "never replaced by machine code"),
        ("link to pipe", "never replaced by machine code"),
        ("link to nothing", "a link to a file that is not there"),
        ("folder", "it is a folder"),
    ] {
        let error = link_shared(&object, None, &at(name)).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(part), "{error}");
    }
    assert!(fs::metadata(at("pipe")).unwrap().file_type().is_fifo());
    fs::write(at("file"), "old").unwrap();
    symlink("file", at("link")).unwrap();
    link_shared(&object, None, &at("link")).unwrap();
    assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
    assert!(fs::read(at("file")).unwrap().starts_with(b"\x7fELF"));
    assert_eq!(names(directory.path()).len(), 6, "no temporary file is left");
}

fn stub_archive(directory: &Path, source: &str) -> PathBuf {
    let (c, o, a) = (directory.join("stub.c"), directory.join("stub.o"), directory.join("libstub.a"));
    fs::write(&c, source).unwrap();
    let compiled = Command::new("cc")
        .args(["-O1", "-ffunction-sections", "-fdata-sections", "-c", "-o"])
        .args([&o, &c])
        .output();
    assert!(compiled.as_ref().unwrap().status.success(), "{}", text(&compiled.unwrap()));
    assert!(Command::new("ar").arg("rcs").args([&a, &o]).status().unwrap().success());
    a
}

/// The entry of `axpy.mlir` against the same sum in Rust.
fn check_axpy(entry: Entry, length: usize) {
    unsafe extern "C" fn keyswitch(
        state: *const c_void,
        key: u32,
        count: u64,
        _: *const u64,
        output: *mut u64,
    ) -> i32 {
        // SAFETY: called with `state` below and the output of `count` words.
        let (state, output) =
            unsafe { (&*state.cast::<i32>(), slice::from_raw_parts_mut(output, count as usize)) };
        output.iter_mut().for_each(|word| *word = word.wrapping_add(u64::from(key) + 100));
        *state
    }
    #[rustfmt::skip]
    unsafe extern "C" fn bootstrap(
        _: *const c_void, _: u32, _: u64, _: *const u64, _: *mut u64, _: *const u64, _: *const u32, _: u32, _: u32,
        _: u32,
    ) -> i32 {
        -1
    }
    #[rustfmt::skip]
    unsafe extern "C" fn spread(
        _: *const c_void, _: *const u64, _: *const u64, _: *const u64, _: *const u64, _: u64, _: u64,
    ) -> i32 {
        -1
    }
    let x: Vec<u64> = (0..length as u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    let y: Vec<u64> = x.iter().map(|&word| word.rotate_left(17)).collect();
    let mut output = vec![0; length + 1];
    let (functions, words, state) = (FunctionTable { keyswitch, bootstrap, spread }, length as u64, 17i32);
    let context = RunContext {
        functions: &functions,
        state: ptr::from_ref(&state).cast(),
        words: &words,
        workspaces: ptr::null(),
    };
    // SAFETY: two inputs and one output of `length` words, as the module reads them.
    let status =
        unsafe { entry(&context, [x.as_ptr(), y.as_ptr()].as_ptr(), [output.as_mut_ptr()].as_ptr()) };
    assert_eq!(status, state);
    let expected =
        x.iter().zip(&y).map(|(x, y)| x.wrapping_mul(3).wrapping_add(*y).wrapping_add(100)).chain([0]);
    assert_eq!(output, expected.collect::<Vec<_>>());
}

fn entry(jit: &Jit) -> Entry {
    // SAFETY: the symbol is an entry point, `compile` has checked its signature.
    unsafe { mem::transmute::<*const c_void, Entry>(jit.lookup(ENTRY).unwrap()) }
}

fn object(source: &str, target: &Target) -> ObjectCode {
    with_module(source, |module| compile(module, SPEC, target)).unwrap()
}

/// A context of its own, which lives longer than the module.
fn with_module<T>(source: &str, use_module: impl FnOnce(&Module) -> T) -> T {
    let registry = DialectRegistry::new();
    DialectHandle::llvm().insert_dialect(&registry);
    DialectHandle::func().insert_dialect(&registry);
    let context = Context::new();
    context.append_dialect_registry(&registry);
    register_all_llvm_translations(&context);
    let module = Module::parse(&context, source).expect("the test's module parses");
    use_module(&module)
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
