# A branch reads a function at sensors, a trunk the place where its image is wanted
# Lu, Jin, Pang, Zhang and Karniadakis (2021), Learning nonlinear operators via DeepONet
F: 5 x m input
X: 2 x m
Y: 1 x m
B1: 6 x 5
B2: 4 x 6
T1: 6 x 2
T2: 4 x 6
c: 1 x 1
G = sum((B2 @ tanh(B1 @ F)) * tanh(T2 @ tanh(T1 @ X)), axis=0) + c
loss = mean((G - Y)**2)
