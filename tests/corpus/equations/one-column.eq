# One column: no batch
W: 4 x 3
b: 4 x 1
v: 1 x 4
x: 3 x 1 input
Y: 1 x 1
h = tanh(W @ x + b)
u = v @ h
loss = mse(u, Y)
