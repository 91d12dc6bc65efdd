// y + 3·x and a runtime call, as the compiler's last pass would write it. The length is the number of
// words of key 0; the result is the status of runtime function 0.
llvm.mlir.global external constant @factor(3 : i64) : i64

llvm.func @scale_add(%x: !llvm.ptr, %y: !llvm.ptr, %n: i64) {
  %zero = llvm.mlir.constant(0 : i64) : i64
  %one = llvm.mlir.constant(1 : i64) : i64
  %factor_at = llvm.mlir.addressof @factor : !llvm.ptr
  %factor = llvm.load %factor_at : !llvm.ptr -> i64
  llvm.br ^head(%zero : i64)
^head(%i: i64):
  %more = llvm.icmp "ult" %i, %n : i64
  llvm.cond_br %more, ^body, ^end
^body:
  %x_at = llvm.getelementptr %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, i64
  %y_at = llvm.getelementptr %y[%i] : (!llvm.ptr, i64) -> !llvm.ptr, i64
  %a = llvm.load %x_at : !llvm.ptr -> i64
  %b = llvm.load %y_at : !llvm.ptr -> i64
  %p = llvm.mul %a, %factor : i64
  %s = llvm.add %b, %p : i64
  llvm.store %s, %y_at : i64, !llvm.ptr
  %next = llvm.add %i, %one : i64
  llvm.br ^head(%next : i64)
^end:
  llvm.return
}

llvm.func @cloakwork_entry_axpy(%context: !llvm.ptr, %inputs: !llvm.ptr, %outputs: !llvm.ptr) -> i32 {
  %eight = llvm.mlir.constant(8 : i64) : i64
  %key = llvm.mlir.constant(0 : i32) : i32
  %functions = llvm.load %context : !llvm.ptr -> !llvm.ptr
  %state_at = llvm.getelementptr %context[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  %state = llvm.load %state_at : !llvm.ptr -> !llvm.ptr
  %words_at = llvm.getelementptr %context[2] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  %words = llvm.load %words_at : !llvm.ptr -> !llvm.ptr
  %n = llvm.load %words : !llvm.ptr -> i64
  %x = llvm.load %inputs : !llvm.ptr -> !llvm.ptr
  %y_at = llvm.getelementptr %inputs[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  %y = llvm.load %y_at : !llvm.ptr -> !llvm.ptr
  %out = llvm.load %outputs : !llvm.ptr -> !llvm.ptr
  %bytes = llvm.mul %n, %eight : i64
  "llvm.intr.memcpy"(%out, %y, %bytes) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
  llvm.call @scale_add(%x, %out, %n) : (!llvm.ptr, !llvm.ptr, i64) -> ()
  %function = llvm.load %functions : !llvm.ptr -> !llvm.ptr
  %status = llvm.call %function(%state, %key, %n, %x, %out) : !llvm.ptr, (!llvm.ptr, i32, i64, !llvm.ptr, !llvm.ptr) -> i32
  llvm.return %status : i32
}
