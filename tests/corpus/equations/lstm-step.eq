# One step of an LSTM, the cell named C and c
# m = 4
x: 3 x m input
h0, c0: 2 x m input
Y: 2 x m
W_f, W_i, W_o, W_g: 2 x 3
U_f, U_i, U_o, U_g: 2 x 2
b_f, b_i, b_o, b_g: 2 x 1
f = sigmoid(W_f @ x + U_f @ h0 + b_f)
i = sigmoid(W_i @ x + U_i @ h0 + b_i)
o = sigmoid(W_o @ x + U_o @ h0 + b_o)
g = tanh(W_g @ x + U_g @ h0 + b_g)
c1 = f * c0 + i * g
h1 = o * tanh(c1)
loss = mse(h1, Y)
