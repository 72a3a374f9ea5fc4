# An echo state network: leaky units with weights that are drawn once, ridge on what is read out
# Jaeger (2001), The echo state approach to analysing and training recurrent neural networks
X[1..4]: 2 x m
Y: 1 x m
W: 6 x 2 frozen
U: 6 x 6 frozen
V: 1 x 6
h[0] = zeros(6, m)
repeat t = 1..4:
    h[t] = 0.7 * h[t-1] + 0.3 * tanh(W @ X[t] + U @ h[t-1])
loss = mse(V @ h[4], Y) + 0.05 * sum(V**2)
