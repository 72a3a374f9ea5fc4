# A liquid time-constant network, one fused step after another
# Hasani, Lechner, Amini, Rus and Grosu (2021), Liquid time-constant networks
X[1..3]: 2 x m
Y: 1 x m
W: 4 x 2
U: 4 x 4
b, A, tau: 4 x 1
V: 1 x 4
h[0] = zeros(4, m)
repeat t = 1..3:
    f[t] = sigmoid(W @ X[t] + U @ h[t-1] + b)
    h[t] = (h[t-1] + 0.1 * f[t] * A) / (1 + 0.1 * (exp(tau) + f[t]))
loss = mse(V @ h[3], Y)
