import numpy
from cloakwork import fhe
w = [2]; b = 2
@fhe.compiler({"x": "encrypted"})
def linear_model(x):
    return w @ x + b
inputset = numpy.arange(0, 2**2).reshape(-1, 1)
circuit = linear_model.compile(inputset)
print(circuit.graph.maximum_integer_bit_width())   # 4
print(circuit.encrypt_run_decrypt(numpy.array([3])))   # 8
print(circuit)   # the op-graph with types and ranges, one node a line
