# Layers numbered from zero, with other letters
# m = 4
X: 3 x m
Y: 2 x m
Q0: 4 x 3
Q1: 4 x 4
Q2: 4 x 4
Q3: 2 x 4
R0 = tanh(Q0 @ X)
R1 = tanh(Q1 @ R0)
R2 = tanh(Q2 @ R1)
Out = Q3 @ R2
loss = mse(Out, Y)
