# A quasi-recurrent layer: convolutions over two steps, then forget and output gates
# Bradbury, Merity, Xiong and Socher (2017), Quasi-recurrent neural networks
X[0..3]: 3 x m
Y: 2 x m
W_z, W_f, W_o: 4 x 3
V_z, V_f, V_o: 4 x 3
U: 2 x 4
c[0] = zeros(4, m)
repeat t = 1..3:
    z[t] = tanh(W_z @ X[t-1] + V_z @ X[t])
    f[t] = sigmoid(W_f @ X[t-1] + V_f @ X[t])
    o[t] = sigmoid(W_o @ X[t-1] + V_o @ X[t])
    c[t] = f[t] * c[t-1] + (1 - f[t]) * z[t]
    h[t] = o[t] * c[t]
loss = mse(U @ h[3], Y)
