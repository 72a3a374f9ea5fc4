# A minimal gated unit: one gate
# Zhou, Wu, Zhang and Zhou (2016), Minimal gated unit for recurrent neural networks
X[1..3]: 3 x m
Y: 2 x m
W_f, W_h: 4 x 3
U_f, U_h: 4 x 4
b_f, b_h: 4 x 1
V: 2 x 4
h[0] = zeros(4, m)
repeat t = 1..3:
    f[t] = sigmoid(W_f @ X[t] + U_f @ h[t-1] + b_f)
    n[t] = tanh(W_h @ X[t] + U_h @ (f[t] * h[t-1]) + b_h)
    h[t] = (1 - f[t]) * h[t-1] + f[t] * n[t]
loss = mse(V @ h[3], Y)
