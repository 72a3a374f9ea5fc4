# One step of a gated recurrent unit, from a given state
# m = 5
x: 3 x m input
h0: 4 x m input
Y: 4 x m
W_r, W_z, W_n: 4 x 3
U_r, U_z, U_n: 4 x 4
r = sigmoid(W_r @ x + U_r @ h0)
z = sigmoid(W_z @ x + U_z @ h0)
n = tanh(W_n @ x + r * (U_n @ h0))
h1 = (1 - z) * n + z * h0
loss = mse(h1, Y)
