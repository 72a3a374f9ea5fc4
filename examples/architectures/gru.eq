# A gated recurrent unit
# Cho et al. (2014), Learning phrase representations using RNN encoder-decoder
X[1..3]: 3 x m
Y: 2 x m
W_z, W_r, W_h: 4 x 3
U_z, U_r, U_h: 4 x 4
V: 2 x 4
h[0] = zeros(4, m)
repeat t = 1..3:
    z[t] = sigmoid(W_z @ X[t] + U_z @ h[t-1])
    r[t] = sigmoid(W_r @ X[t] + U_r @ h[t-1])
    n[t] = tanh(W_h @ X[t] + U_h @ (r[t] * h[t-1]))
    h[t] = z[t] * h[t-1] + (1 - z[t]) * n[t]
P = softmax(V @ h[3])
loss = cross_entropy(P, Y)
