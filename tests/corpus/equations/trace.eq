# A trace
A: 3 x 3
B: 3 x 3 input
loss = trace(A @ B)
