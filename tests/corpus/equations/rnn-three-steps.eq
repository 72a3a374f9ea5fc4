# An Elman network over three steps with one output
# m = 4
x1, x2, x3: 3 x m input
h0: 2 x m input
Y: 5 x m
W: 2 x 3
U: 2 x 2
b: 2 x 1
V: 5 x 2
h1 = tanh(W @ x1 + U @ h0 + b)
h2 = tanh(W @ x2 + U @ h1 + b)
h3 = tanh(W @ x3 + U @ h2 + b)
loss = mse(V @ h3, Y)
