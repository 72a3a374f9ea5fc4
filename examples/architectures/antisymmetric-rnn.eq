# A recurrent network as steps of a stable differential equation
# Chang, Chen, Haber and Chi (2019), AntisymmetricRNN
X[1..3]: 2 x m
Y: 2 x m
W: 4 x 4
V: 4 x 2
b: 4 x 1
U: 2 x 4
A = W - W.T - 0.1 * eye(4)
h[0] = zeros(4, m)
repeat t = 1..3:
    h[t] = h[t-1] + 0.2 * tanh(A @ h[t-1] + V @ X[t] + b)
loss = mse(U @ h[3], Y)
